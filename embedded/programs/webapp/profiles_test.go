package main

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestTheNamespaceOfAProfileIsCreated(t *testing.T) {
	const name, namespace = "kubeflow-user-example-com", "/namespaces/kubeflow-user-example-com"
	api, fake := newFakeAPI(t, map[string]object{"/apis/kubeflow.org/v1/profiles/" + name: newProfile(user)})
	workloads, err := newPipelineWorkloads([]string{"frontend:2", "visualization-server:2"})
	if err != nil {
		t.Fatal(err)
	}
	controller := &profileController{api: api, labelsFile: filepath.Join(t.TempDir(), "none"), workloads: workloads}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); controller.reconcile(ctx, time.Millisecond) }()
	expected := []string{
		"/api/v1" + namespace,
		"/api/v1" + namespace + "/serviceaccounts/default-editor",
		"/api/v1" + namespace + "/serviceaccounts/default-viewer",
		"/api/v1" + namespace + "/services/ml-pipeline-ui-artifact",
		"/api/v1" + namespace + "/services/ml-pipeline-visualizationserver",
		"/apis/apps/v1" + namespace + "/deployments/ml-pipeline-ui-artifact",
		"/apis/apps/v1" + namespace + "/deployments/ml-pipeline-visualizationserver",
		"/apis/kubeflow.org/v1/profiles/" + name,
		"/apis/rbac.authorization.k8s.io/v1" + namespace + "/rolebindings/default-editor",
		"/apis/rbac.authorization.k8s.io/v1" + namespace + "/rolebindings/default-viewer",
		"/apis/rbac.authorization.k8s.io/v1" + namespace + "/rolebindings/namespaceAdmin",
	}
	for deadline := time.Now().Add(5 * time.Second); len(fake.paths()) < len(expected) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	stop()
	<-ended
	if !reflect.DeepEqual(fake.paths(), expected) {
		t.Fatalf("%v", fake.paths())
	}
	binding := fake.objects["/apis/rbac.authorization.k8s.io/v1"+namespace+"/rolebindings/namespaceAdmin"]
	subject := binding["subjects"].([]any)[0].(object)
	if subject["kind"] != "User" || subject["name"] != user {
		t.Errorf("%v", binding)
	}
	labels := fake.objects["/api/v1"+namespace]["metadata"].(object)["labels"].(object)
	if len(labels) != 4 || labels["app.kubernetes.io/part-of"] != "kubeflow-profile" {
		t.Errorf("%v", labels)
	}
	deployment := fake.objects["/apis/apps/v1"+namespace+"/deployments/ml-pipeline-ui-artifact"]
	pod := deployment["spec"].(object)["template"].(object)["spec"].(object)
	started := pod["containers"].([]any)[0].(object)
	if started["image"] != "frontend:2" || !reflect.DeepEqual(started["args"], []any{"idle", "ml-pipeline-ui-artifact", "3000"}) {
		t.Errorf("%v", started)
	}
	if pod["securityContext"].(object)["runAsNonRoot"] != true || started["securityContext"].(object)["allowPrivilegeEscalation"] != false {
		t.Errorf("%v", pod)
	}
}

func TestTheLabelsOfANamespaceAreRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "namespace-labels.yaml")
	content := "# comment: 'ignored'\n\npod-security.kubernetes.io/enforce: \"baseline\"\nremoved: ''\nplain: value # why\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	expected := map[string]string{"pod-security.kubernetes.io/enforce": "baseline", "plain": "value", injection: "enabled"}
	if labels, err := readNamespaceLabels(file); err != nil || !reflect.DeepEqual(labels, expected) {
		t.Errorf("%v %v", labels, err)
	}
	if err := os.WriteFile(file, []byte(content+"istio-injection: ''\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	delete(expected, injection)
	if labels, err := readNamespaceLabels(file); err != nil || !reflect.DeepEqual(labels, expected) {
		t.Errorf("%v %v", labels, err)
	}
}

func TestSidecarsAcceptRequestsOfTheOwnerAndOfTheNamespaceOnly(t *testing.T) {
	team := profile{}
	team.Metadata.Name, team.Spec.Owner.Name = "team-a", user
	objects := objectsForProfile(team, map[string]string{injection: "enabled"}, nil)
	policy := objects[len(objects)-1]
	if policy.collection != policiesPath("team-a") || len(policy.object["spec"].(object)["rules"].([]object)) != 2 {
		t.Errorf("%v", policy)
	}
	if without := objectsForProfile(team, nil, nil); len(without) != len(objects)-1 {
		t.Errorf("%v", without)
	}
}

func TestBothImagesOfPipelinesOrNoneAreExpected(t *testing.T) {
	if workloads, err := newPipelineWorkloads(nil); err != nil || workloads != nil {
		t.Errorf("%v %v", workloads, err)
	}
	if err := run(context.Background(), []string{"profiles", "frontend:2"}); err == nil || !strings.Contains(err.Error(), "two images") {
		t.Error(err)
	}
}

func TestExistingObjectsAreNotChanged(t *testing.T) {
	existing := object{"existing": true}
	api, fake := newFakeAPI(t, map[string]object{"/api/v1/namespaces/team-a": existing})
	team := profile{}
	team.Metadata.Name, team.Metadata.UID = "team-a", "1"
	for range 2 {
		if err := (&profileController{api: api}).createObjects(context.Background(), team); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(fake.objects["/api/v1/namespaces/team-a"], existing) || len(fake.objects) != 6 {
		t.Errorf("%v", fake.paths())
	}
}
