package main

import (
	"context"
	"reflect"
	"testing"
	"time"
)

func TestAProfileGetsItsNamespace(t *testing.T) {
	const name, mine = "kubeflow-user-example-com", "/namespaces/kubeflow-user-example-com"
	api, fake := newAPI(t, map[string]object{"/apis/kubeflow.org/v1/profiles/" + name: profileOf(user)})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); reconcile(ctx, api, time.Millisecond) }()
	expected := []string{
		"/api/v1" + mine,
		"/api/v1" + mine + "/serviceaccounts/default-editor",
		"/api/v1" + mine + "/serviceaccounts/default-viewer",
		"/api/v1" + mine + "/services/ml-pipeline-ui-artifact",
		"/api/v1" + mine + "/services/ml-pipeline-visualizationserver",
		"/apis/apps/v1" + mine + "/deployments/ml-pipeline-ui-artifact",
		"/apis/apps/v1" + mine + "/deployments/ml-pipeline-visualizationserver",
		"/apis/kubeflow.org/v1/profiles/" + name,
		"/apis/rbac.authorization.k8s.io/v1" + mine + "/rolebindings/default-editor",
		"/apis/rbac.authorization.k8s.io/v1" + mine + "/rolebindings/default-viewer",
		"/apis/rbac.authorization.k8s.io/v1" + mine + "/rolebindings/namespaceAdmin",
	}
	for deadline := time.Now().Add(5 * time.Second); len(fake.paths()) < len(expected) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	stop()
	<-ended
	if !reflect.DeepEqual(fake.paths(), expected) {
		t.Fatalf("%v", fake.paths())
	}
	bound := fake.objects["/apis/rbac.authorization.k8s.io/v1"+mine+"/rolebindings/namespaceAdmin"]
	subject := bound["subjects"].([]any)[0].(object)
	if subject["kind"] != "User" || subject["name"] != user {
		t.Errorf("%v", bound)
	}
}

func TestWhatIsThereIsLeftAsItIs(t *testing.T) {
	kept := object{"kept": true}
	api, fake := newAPI(t, map[string]object{"/api/v1/namespaces/mine": kept})
	mine := profile{}
	mine.Metadata.Name, mine.Metadata.UID = "mine", "1"
	for range 2 {
		if err := settle(context.Background(), api, mine); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(fake.objects["/api/v1/namespaces/mine"], kept) || len(fake.objects) != 10 {
		t.Errorf("%v", fake.paths())
	}
}
