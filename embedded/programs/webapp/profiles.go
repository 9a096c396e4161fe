package main

import (
	"context"
	"log"
	"strconv"
	"time"
)

// The pods that the pipelines' own profile controller gives a namespace, in which they have stand-ins, too.
var pipelineParts = []struct {
	name, image  string
	port, target int
}{
	{"ml-pipeline-ui-artifact", "gcr.io/ml-pipeline/frontend:2.0.0-alpha.7-stand-in", 80, 3000},
	{"ml-pipeline-visualizationserver", "gcr.io/ml-pipeline/visualization-server:2.0.0-alpha.7-stand-in", 8888, 8888},
}

// reconcile gives every Profile its namespace, again and again until the context ends.
//
// There are no sidecars here, so that the namespace does not ask for their injection.
func reconcile(ctx context.Context, api *api, every time.Duration) {
	settled := map[string]bool{}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		profiles, err := api.profiles(ctx)
		if err != nil {
			log.Printf("listing profiles: %v", err)
		}
		for _, profile := range profiles {
			if settled[profile.Metadata.UID] {
				continue
			}
			if err := settle(ctx, api, profile); err != nil {
				log.Printf("profile %s: %v", profile.Metadata.Name, err)
				continue
			}
			log.Printf("profile %s: its namespace has all that belongs into it", profile.Metadata.Name)
			settled[profile.Metadata.UID] = true
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// settle creates what belongs to a Profile and is not there yet.
func settle(ctx context.Context, api *api, profile profile) error {
	for _, part := range belongings(profile) {
		if err := api.create(ctx, part.path, part.object); err != nil {
			return err
		}
	}
	return nil
}

// belonging is an object, and the collection to create it in.
type belonging struct {
	path   string
	object object
}

// belongings lists what a Profile leads to, in the order of creation.
func belongings(profile profile) []belonging {
	namespace, owner := profile.Metadata.Name, profile.Spec.Owner
	core := "/api/v1/namespaces/" + namespace
	roles := "/apis/rbac.authorization.k8s.io/v1/namespaces/" + namespace + "/rolebindings"
	user := object{"apiGroup": "rbac.authorization.k8s.io", "kind": owner.Kind, "name": owner.Name}
	account := func(name string) object {
		return object{"kind": "ServiceAccount", "name": name, "namespace": namespace}
	}
	all := []belonging{{"/api/v1/namespaces", object{
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
			// With its Profile, the namespace goes.
			"ownerReferences": []object{{
				"apiVersion": "kubeflow.org/v1", "kind": "Profile", "controller": true, "blockOwnerDeletion": true,
				"name": namespace, "uid": profile.Metadata.UID,
			}},
		},
	}}}
	for _, name := range []string{"default-editor", "default-viewer"} {
		all = append(all, belonging{core + "/serviceaccounts", object{
			"apiVersion": "v1", "kind": "ServiceAccount", "metadata": object{"name": name},
		}})
	}
	for _, bound := range []struct {
		name, role string
		subject    object
		annotated  object
	}{
		{"namespaceAdmin", "kubeflow-admin", user, object{"role": "admin", "user": owner.Name}},
		{"default-editor", "kubeflow-edit", account("default-editor"), nil},
		{"default-viewer", "kubeflow-view", account("default-viewer"), nil},
	} {
		all = append(all, belonging{roles, object{
			"apiVersion": "rbac.authorization.k8s.io/v1",
			"kind":       "RoleBinding",
			"metadata":   object{"name": bound.name, "annotations": bound.annotated},
			"roleRef":    object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": bound.role},
			"subjects":   []object{bound.subject},
		}})
	}
	for _, part := range pipelineParts {
		labels := object{"app": part.name}
		all = append(all, belonging{"/apis/apps/v1/namespaces/" + namespace + "/deployments", object{
			"apiVersion": "apps/v1",
			"kind":       "Deployment",
			"metadata":   object{"name": part.name, "labels": labels},
			"spec": object{
				"selector": object{"matchLabels": labels},
				"template": object{
					"metadata": object{"labels": labels},
					"spec": object{"containers": []object{{
						"name":  part.name,
						"image": part.image,
						"args":  []string{"idle", part.name, strconv.Itoa(part.target)},
						"ports": []object{{"containerPort": part.target}},
					}}},
				},
			},
		}}, belonging{core + "/services", object{
			"apiVersion": "v1",
			"kind":       "Service",
			"metadata":   object{"name": part.name, "labels": labels},
			"spec": object{
				"selector": labels,
				"ports":    []object{{"name": "http", "port": part.port, "targetPort": part.target}},
			},
		}})
	}
	return all
}
