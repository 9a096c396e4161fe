package main

import (
	"context"
	"errors"
	"io/fs"
	"log"
	"os"
	"strconv"
	"strings"
	"time"
)

// namespaceLabelsFile is the file of upstream's profile controller with the labels of the namespaces.
const namespaceLabelsFile = "/etc/profile-controller/namespace-labels.yaml"

// ownerBinding is the name of the RoleBinding of a namespace's owner.
const ownerBinding = "namespaceAdmin"

// defaultNamespaceLabels are the labels in the file of release 1.7, for manifests without such a file.
var defaultNamespaceLabels = map[string]string{
	"app.kubernetes.io/part-of":                      "kubeflow-profile",
	"katib.kubeflow.org/metrics-collector-injection": "enabled",
	"pipelines.kubeflow.org/enabled":                 "true",
	"serving.kubeflow.org/inferenceservice":          "enabled",
}

// pipelineWorkload is a workload that the profile controller of Kubeflow Pipelines creates in a namespace. Here it is a
// stand-in too.
type pipelineWorkload struct {
	name, image  string
	port, target int
}

// newPipelineWorkloads returns the workloads with the images in the arguments of the role; none without arguments.
func newPipelineWorkloads(images []string) ([]pipelineWorkload, error) {
	switch len(images) {
	case 0:
		return nil, nil
	case 2:
		return []pipelineWorkload{
			{"ml-pipeline-ui-artifact", images[0], 80, 3000},
			{"ml-pipeline-visualizationserver", images[1], 8888, 8888},
		}, nil
	}
	return nil, errors.New("the role profiles expects two images: that of ml-pipeline-ui-artifact, and that of ml-pipeline-visualizationserver")
}

// injection is the label of the namespaces whose pods get a sidecar.
const injection = "istio-injection"

// readNamespaceLabels returns the labels of a namespace from a file with lines in the form `name: "value"`. As with
// upstream, a label with an empty value is not set, and sidecars are injected unless the file says otherwise. Manifests
// without such a file have no sidecars.
func readNamespaceLabels(file string) (map[string]string, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return defaultNamespaceLabels, nil
	}
	if err != nil {
		return nil, err
	}
	labels := map[string]string{injection: "enabled"}
	for line := range strings.Lines(string(content)) {
		line, _, _ = strings.Cut(line, "#")
		name, value, _ := strings.Cut(line, ":")
		if value = strings.Trim(value, " \t\r\n\"'"); value != "" {
			labels[strings.TrimSpace(name)] = value
		} else {
			delete(labels, strings.TrimSpace(name))
		}
	}
	return labels, nil
}

// profileController creates the objects of Profiles.
type profileController struct {
	api        *api
	labelsFile string
	workloads  []pipelineWorkload
}

// reconcile creates the namespace of every Profile, and repeats this until the context is done.
func (c *profileController) reconcile(ctx context.Context, interval time.Duration) {
	reconciled := map[string]bool{}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		profiles, err := c.api.listProfiles(ctx)
		if err != nil {
			log.Printf("listing profiles: %v", err)
		}
		for _, profile := range profiles {
			if reconciled[profile.Metadata.UID] {
				continue
			}
			if err := c.createObjects(ctx, profile); err != nil {
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
func (c *profileController) createObjects(ctx context.Context, profile profile) error {
	labels, err := readNamespaceLabels(c.labelsFile)
	if err != nil {
		return err
	}
	for _, item := range objectsForProfile(profile, labels, c.workloads) {
		if err := c.api.create(ctx, item.collection, item.object); err != nil {
			return err
		}
	}
	return nil
}

// restrictedPod is the security context that the Pod Security Standard "restricted" requires of a pod.
var restrictedPod = object{"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": object{"type": "RuntimeDefault"}}

// collectionObject is an object with the path of its collection.
type collectionObject struct {
	collection string
	object     object
}

// objectsForProfile returns the objects that a Profile needs, in the order of creation.
func objectsForProfile(profile profile, labels map[string]string, workloads []pipelineWorkload) []collectionObject {
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
			"labels":      labels,
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
		{ownerBinding, "kubeflow-admin", user, object{"role": "admin", "user": owner.Name}},
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
	if labels[injection] == "enabled" {
		objects = append(objects, newOwnerPolicy(namespace, owner.Name))
	}
	for _, workload := range workloads {
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
						"securityContext": object{
							"allowPrivilegeEscalation": false, "capabilities": object{"drop": []string{"ALL"}},
						},
					}}, "securityContext": restrictedPod},
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

// newOwnerPolicy returns the AuthorizationPolicy with which sidecars accept the requests of the owner, and of the pods of
// the namespace. The mesh rejects all others by default.
func newOwnerPolicy(namespace, owner string) collectionObject {
	header := "request.headers[" + envOrDefault("USERID_HEADER", defaultUserHeader) + "]"
	condition := func(key, value string) object {
		return object{"when": []object{{"key": key, "values": []string{value}}}}
	}
	return collectionObject{policiesPath(namespace), object{
		"apiVersion": "security.istio.io/v1beta1",
		"kind":       "AuthorizationPolicy",
		"metadata":   object{"name": "ns-owner-access-istio", "annotations": object{"role": "admin", "user": owner}},
		"spec": object{"rules": []object{
			condition(header, os.Getenv("USERID_PREFIX")+owner),
			condition("source.namespace", namespace),
		}},
	}}
}
