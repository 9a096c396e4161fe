package main

import (
	"context"
	"reflect"
	"testing"
	"time"
)

func TestTheNamespaceOfAProfileIsCreated(t *testing.T) {
	const name, namespace = "kubeflow-user-example-com", "/namespaces/kubeflow-user-example-com"
	api, fake := newFakeAPI(t, map[string]object{"/apis/kubeflow.org/v1/profiles/" + name: newProfile(user)})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); reconcileProfiles(ctx, api, time.Millisecond) }()
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
}

func TestExistingObjectsAreNotChanged(t *testing.T) {
	existing := object{"existing": true}
	api, fake := newFakeAPI(t, map[string]object{"/api/v1/namespaces/team-a": existing})
	team := profile{}
	team.Metadata.Name, team.Metadata.UID = "team-a", "1"
	for range 2 {
		if err := createObjects(context.Background(), api, team); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(fake.objects["/api/v1/namespaces/team-a"], existing) || len(fake.objects) != 10 {
		t.Errorf("%v", fake.paths())
	}
}
