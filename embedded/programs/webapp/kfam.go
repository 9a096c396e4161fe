package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
)

const (
	profilesPath = "/apis/kubeflow.org/v1/profiles"
	// maxRequest is the maximum size of a request in bytes.
	maxRequest = 1 << 20
)

// namespaceRoles contains the ClusterRole of each role in a namespace.
var namespaceRoles = map[string]string{"admin": "kubeflow-admin", "edit": "kubeflow-edit", "view": "kubeflow-view"}

// subject is the subject of a RoleBinding.
type subject struct {
	Kind     string `json:"kind"`
	APIGroup string `json:"apiGroup,omitempty"`
	Name     string `json:"name"`
}

// roleReference is the role of a RoleBinding.
type roleReference struct {
	APIGroup string `json:"apiGroup"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
}

// namespaceBinding is the role of a user in a namespace, as KFAM's API represents it.
type namespaceBinding struct {
	User      subject       `json:"user"`
	Namespace string        `json:"referredNamespace"`
	Role      roleReference `json:"RoleRef"`
}

// roleBinding contains the fields of a RoleBinding that this program uses.
type roleBinding struct {
	Metadata struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Role     roleReference `json:"roleRef"`
	Subjects []subject     `json:"subjects"`
}

// accessManagement implements KFAM, which the dashboard asks for the namespaces of a user. The owner of a namespace is that
// of its Profile; a contributor has a RoleBinding with the annotations "user" and "role".
type accessManagement struct {
	api          *api
	userHeader   string
	userPrefix   string
	clusterAdmin string   // the user name of the cluster's administrator; empty for none
	gateways     []string // the only principals whose user header the pods of a namespace trust; empty for any
}

func newAccessManagement(api *api) http.Handler {
	kfam := &accessManagement{
		api:          api,
		userHeader:   envOrDefault("USERID_HEADER", defaultUserHeader),
		userPrefix:   os.Getenv("USERID_PREFIX"),
		clusterAdmin: os.Getenv("ADMIN"),
	}
	for _, name := range []string{"ISTIO_INGRESS_GATEWAY_PRINCIPAL", "KFP_UI_PRINCIPAL"} { // set from release 1.8 on
		if principal := os.Getenv(name); principal != "" {
			kfam.gateways = append(kfam.gateways, principal)
		}
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /kfam/v1/bindings", kfam.listBindings)
	routes.HandleFunc("POST /kfam/v1/bindings", kfam.changeBinding(kfam.createBinding))
	routes.HandleFunc("DELETE /kfam/v1/bindings", kfam.changeBinding(kfam.deleteBinding))
	routes.HandleFunc("POST /kfam/v1/profiles", kfam.createProfile)
	routes.HandleFunc("DELETE /kfam/v1/profiles/{profile}", kfam.deleteProfile)
	routes.HandleFunc("GET /kfam/v1/role/clusteradmin", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, kfam.isClusterAdmin(r.URL.Query().Get("user")))
	})
	routes.Handle("/", newStandInHandler("kfam"))
	return routes
}

// listBindings responds with the bindings of a user, a namespace or a role; by default with those of all Profiles. As
// with upstream, any client may list them.
func (k *accessManagement) listBindings(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	profiles, err := k.findProfiles(r.Context(), query.Get("namespace"))
	if err != nil {
		k.fail(w, r, http.StatusForbidden, err)
		return
	}
	result := struct {
		Bindings []namespaceBinding `json:"bindings,omitempty"`
	}{}
	for _, profile := range profiles {
		bindings, err := k.bindingsOf(r.Context(), profile)
		if err != nil {
			k.fail(w, r, http.StatusUnauthorized, err)
			return
		}
		for _, binding := range bindings {
			if matches(query.Get("user"), binding.User.Name) && matches(query.Get("role"), binding.Role.Name) {
				result.Bindings = append(result.Bindings, binding)
			}
		}
	}
	writeJSON(w, http.StatusOK, result)
}

// matches reports whether a value is the expected one, or any value is.
func matches(expected, value string) bool { return expected == "" || expected == value }

// findProfiles returns the Profile of a namespace, or all Profiles if the namespace is empty.
func (k *accessManagement) findProfiles(ctx context.Context, namespace string) ([]profile, error) {
	if namespace == "" {
		return k.api.listProfiles(ctx)
	}
	found, err := k.api.getProfile(ctx, namespace)
	var failure *apiError
	if errors.As(err, &failure) && failure.Status == http.StatusNotFound {
		return nil, nil
	}
	return []profile{found}, err
}

// bindingsOf returns the bindings in the namespace of a Profile: its owner, and the contributors.
func (k *accessManagement) bindingsOf(ctx context.Context, profile profile) ([]namespaceBinding, error) {
	namespace, owner := profile.Metadata.Name, profile.Spec.Owner
	bindings := []namespaceBinding{newNamespaceBinding(namespace, owner.Kind, owner.Name, "admin")}
	var list struct {
		Items []roleBinding `json:"items"`
	}
	if err := k.api.do(ctx, http.MethodGet, roleBindingsPath(namespace), nil, &list); err != nil {
		return nil, err
	}
	for _, item := range list.Items {
		_, hasUser := item.Metadata.Annotations["user"]
		_, hasRole := item.Metadata.Annotations["role"]
		if !hasUser || !hasRole || item.Metadata.Name == ownerBinding {
			continue
		}
		if len(item.Subjects) != 1 {
			return nil, fmt.Errorf("binding subject length not equal to 1, actual length: %d", len(item.Subjects))
		}
		role := strings.TrimPrefix(item.Role.Name, "kubeflow-")
		bindings = append(bindings, newNamespaceBinding(namespace, item.Subjects[0].Kind, item.Subjects[0].Name, role))
	}
	return bindings, nil
}

func newNamespaceBinding(namespace, kind, user, role string) namespaceBinding {
	return namespaceBinding{subject{Kind: kind, Name: user}, namespace, roleReference{Kind: "ClusterRole", Name: role}}
}

// changeBinding returns a handler that creates or deletes the binding in the body of a request. Only the owner of the
// namespace and the administrator of the cluster may do so.
func (k *accessManagement) changeBinding(change func(context.Context, namespaceBinding) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var binding namespaceBinding
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&binding)
		if err == nil {
			err = k.checkPermission(r, binding.Namespace)
		}
		if err == nil {
			err = change(r.Context(), binding)
		}
		if err != nil {
			k.fail(w, r, http.StatusForbidden, err)
		}
	}
}

// createBinding creates the RoleBinding, and the AuthorizationPolicy with which the pods of the namespace accept the
// user's requests.
func (k *accessManagement) createBinding(ctx context.Context, binding namespaceBinding) error {
	clusterRole, found := namespaceRoles[binding.Role.Name]
	if !found {
		return fmt.Errorf("unknown role %q: expected admin, edit or view", binding.Role.Name)
	}
	metadata := object{
		"name":        binding.objectName(),
		"annotations": object{"user": binding.User.Name, "role": binding.Role.Name},
	}
	err := k.api.do(ctx, http.MethodPost, roleBindingsPath(binding.Namespace), object{
		"apiVersion": "rbac.authorization.k8s.io/v1",
		"kind":       "RoleBinding",
		"metadata":   metadata,
		"roleRef":    roleReference{APIGroup: "rbac.authorization.k8s.io", Kind: binding.Role.Kind, Name: clusterRole},
		"subjects":   []subject{binding.User},
	}, nil)
	if err != nil {
		return err
	}
	condition := object{"key": "request.headers[" + k.userHeader + "]", "values": []string{k.userPrefix + binding.User.Name}}
	rule := object{"when": []object{condition}}
	if len(k.gateways) > 0 {
		rule["from"] = []object{{"source": object{"principals": k.gateways}}}
	}
	return k.api.do(ctx, http.MethodPost, policiesPath(binding.Namespace), object{
		"apiVersion": "security.istio.io/v1beta1",
		"kind":       "AuthorizationPolicy",
		"metadata":   metadata,
		"spec":       object{"rules": []object{rule}},
	}, nil)
}

func (k *accessManagement) deleteBinding(ctx context.Context, binding namespaceBinding) error {
	return errors.Join(
		k.api.do(ctx, http.MethodDelete, roleBindingsPath(binding.Namespace)+"/"+binding.objectName(), nil, nil),
		k.api.do(ctx, http.MethodDelete, policiesPath(binding.Namespace)+"/"+binding.objectName(), nil, nil),
	)
}

// createProfile creates the Profile in the body of a request. As with upstream, any client may do so.
func (k *accessManagement) createProfile(w http.ResponseWriter, r *http.Request) {
	var profile object
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&profile)
	if err == nil {
		profile["apiVersion"], profile["kind"] = "kubeflow.org/v1", "Profile"
		err = k.api.do(r.Context(), http.MethodPost, profilesPath, profile, nil)
	}
	if err != nil {
		k.fail(w, r, http.StatusForbidden, err)
	}
}

func (k *accessManagement) deleteProfile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("profile")
	err := k.checkPermission(r, name)
	if err == nil {
		err = k.api.do(r.Context(), http.MethodDelete, profilesPath+"/"+url.PathEscape(name), nil, nil)
	}
	if err != nil {
		k.fail(w, r, http.StatusUnauthorized, err)
	}
}

// checkPermission returns an error unless the user of a request is the owner of a Profile, or the administrator of the
// cluster and the Profile exists.
func (k *accessManagement) checkPermission(r *http.Request, name string) error {
	user := strings.TrimPrefix(r.Header.Get(k.userHeader), k.userPrefix)
	found, err := k.api.getProfile(r.Context(), name)
	if err != nil {
		return err
	}
	if user != "" && (user == found.Spec.Owner.Name || k.isClusterAdmin(user)) {
		return nil
	}
	return fmt.Errorf("stand-in for kfam: the user %q does not own the Profile %s", user, name)
}

func (k *accessManagement) isClusterAdmin(user string) bool {
	return user != "" && user == k.clusterAdmin
}

// fail responds with an error.
func (k *accessManagement) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	log.Printf("%s %s: %d %v", r.Method, r.URL.Path, status, err)
	w.WriteHeader(status)
	fmt.Fprint(w, err)
}

var notInNames = regexp.MustCompile("[^a-z0-9]+")

// objectName returns the name of the objects of a binding.
func (b namespaceBinding) objectName() string {
	parts := []string{b.User.Kind, b.User.Name, b.Role.Kind, b.Role.Name}
	return notInNames.ReplaceAllString(strings.ToLower(strings.Join(parts, "-")), "-")
}

func roleBindingsPath(namespace string) string {
	return "/apis/rbac.authorization.k8s.io/v1/namespaces/" + url.PathEscape(namespace) + "/rolebindings"
}

func policiesPath(namespace string) string {
	return "/apis/security.istio.io/v1beta1/namespaces/" + url.PathEscape(namespace) + "/authorizationpolicies"
}
