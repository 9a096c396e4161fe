package main

import (
	"context"
	"log"
	"strconv"
	"time"
)

// pipelineWorkloads are the workloads that the profile controller of Kubeflow Pipelines creates in a namespace. Here
// they are stand-ins too.
var pipelineWorkloads = []struct {
	name, image  string
	port, target int
}{
	{"ml-pipeline-ui-artifact", "gcr.io/ml-pipeline/frontend:2.0.0-alpha.7-stand-in", 80, 3000},
	{"ml-pipeline-visualizationserver", "gcr.io/ml-pipeline/visualization-server:2.0.0-alpha.7-stand-in", 8888, 8888},
}

// reconcileProfiles creates the namespace of every Profile, and repeats this until the context is done.
//
// The lab has no sidecars, so the namespace does not have the label for their injection.
func reconcileProfiles(ctx context.Context, api *api, interval time.Duration) {
	reconciled := map[string]bool{}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		profiles, err := api.listProfiles(ctx)
		if err != nil {
			log.Printf("listing profiles: %v", err)
		}
		for _, profile := range profiles {
			if reconciled[profile.Metadata.UID] {
				continue
			}
			if err := createObjects(ctx, api, profile); err != nil {
				log.Printf("profile %s: %v", profile.Metadata.Name, err)
				continue
			}
			log.Printf("profile %s: all objects of its namespace exist", profile.Metadata.Name)
			reconciled[profile.Metadata.UID] = true
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// createObjects creates the objects of a Profile that do not exist.
func createObjects(ctx context.Context, api *api, profile profile) error {
	for _, item := range objectsForProfile(profile) {
		if err := api.create(ctx, item.collection, item.object); err != nil {
			return err
		}
	}
	return nil
}

// collectionObject is an object with the path of its collection.
type collectionObject struct {
	collection string
	object     object
}

// objectsForProfile returns the objects that a Profile needs, in the order of creation.
func objectsForProfile(profile profile) []collectionObject {
	namespace, owner := profile.Metadata.Name, profile.Spec.Owner
	core := "/api/v1/namespaces/" + namespace
	roles := "/apis/rbac.authorization.k8s.io/v1/namespaces/" + namespace + "/rolebindings"
	user := object{"apiGroup": "rbac.authorization.k8s.io", "kind": owner.Kind, "name": owner.Name}
	account := func(name string) object {
		return object{"kind": "ServiceAccount", "name": name, "namespace": namespace}
	}
	objects := []collectionObject{{"/api/v1/namespaces", object{
		"apiVersion": "v1",
		"kind":       "Namespace",
		"metadata": object{
			"name":        namespace,
			"annotations": object{"owner": owner.Name},
			"labels": object{
				"app.kubernetes.io/part-of":                      "kubeflow-profile",
				"katib.kubeflow.org/metrics-collector-injection": "enabled",
				"pipelines.kubeflow.org/enabled":                 "true",
				"serving.kubeflow.org/inferenceservice":          "enabled",
			},
			// The namespace is deleted together with its Profile.
			"ownerReferences": []object{{
				"apiVersion": "kubeflow.org/v1", "kind": "Profile", "controller": true, "blockOwnerDeletion": true,
				"name": namespace, "uid": profile.Metadata.UID,
			}},
		},
	}}}
	for _, name := range []string{"default-editor", "default-viewer"} {
		objects = append(objects, collectionObject{core + "/serviceaccounts", object{
			"apiVersion": "v1", "kind": "ServiceAccount", "metadata": object{"name": name},
		}})
	}
	for _, binding := range []struct {
		name, role  string
		subject     object
		annotations object
	}{
		{"namespaceAdmin", "kubeflow-admin", user, object{"role": "admin", "user": owner.Name}},
		{"default-editor", "kubeflow-edit", account("default-editor"), nil},
		{"default-viewer", "kubeflow-view", account("default-viewer"), nil},
	} {
		objects = append(objects, collectionObject{roles, object{
			"apiVersion": "rbac.authorization.k8s.io/v1",
			"kind":       "RoleBinding",
			"metadata":   object{"name": binding.name, "annotations": binding.annotations},
			"roleRef":    object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": binding.role},
			"subjects":   []object{binding.subject},
		}})
	}
	for _, workload := range pipelineWorkloads {
		labels := object{"app": workload.name}
		objects = append(objects, collectionObject{"/apis/apps/v1/namespaces/" + namespace + "/deployments", object{
			"apiVersion": "apps/v1",
			"kind":       "Deployment",
			"metadata":   object{"name": workload.name, "labels": labels},
			"spec": object{
				"selector": object{"matchLabels": labels},
				"template": object{
					"metadata": object{"labels": labels},
					"spec": object{"containers": []object{{
						"name":  workload.name,
						"image": workload.image,
						"args":  []string{"idle", workload.name, strconv.Itoa(workload.target)},
						"ports": []object{{"containerPort": workload.target}},
					}}},
				},
			},
		}}, collectionObject{core + "/services", object{
			"apiVersion": "v1",
			"kind":       "Service",
			"metadata":   object{"name": workload.name, "labels": labels},
			"spec": object{
				"selector": labels,
				"ports":    []object{{"name": "http", "port": workload.port, "targetPort": workload.target}},
			},
		}})
	}
	return objects
}
