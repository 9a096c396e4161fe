package main

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const (
	team         = "kubeflow-user-example-com"
	contributor  = "guest@example.com"
	bindingName  = "user-guest-example-com-clusterrole-edit"
	teamBindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/" + team + "/rolebindings"
	teamPolicies = "/apis/security.istio.io/v1beta1/namespaces/" + team + "/authorizationpolicies"
)

// newRoleBinding returns a RoleBinding with these annotations.
func newRoleBinding(user, role string) object {
	return object{
		"metadata": object{"name": user, "annotations": object{"user": user, "role": role}},
		"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "kubeflow-" + role},
		"subjects": []object{{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}},
	}
}

// namedRoleBinding returns a RoleBinding with a name and annotations.
func namedRoleBinding(name, user, role string) object {
	binding := newRoleBinding(user, role)
	binding["metadata"].(object)["name"] = name
	return binding
}

// newKFAM returns KFAM in a cluster with a Profile, its owner, and a RoleBinding that has no annotations.
func newKFAM(t *testing.T) (http.Handler, *fakeAPI) {
	t.Helper()
	unrelated := newRoleBinding("unrelated", "view")
	delete(unrelated["metadata"].(object), "annotations")
	api, fake := newFakeAPI(t, map[string]object{
		profilesPath + "/" + team:        newProfile(user),
		teamBindings + "/namespaceAdmin": namedRoleBinding("namespaceAdmin", "former-owner@example.com", "admin"),
		teamBindings + "/default-editor": unrelated,
	})
	return newAccessManagement(api), fake
}

// entry returns a binding as KFAM's API represents it.
func entry(user, role string) object {
	return object{
		"user":              object{"kind": "User", "name": user},
		"referredNamespace": team,
		"RoleRef":           object{"apiGroup": "", "kind": "ClusterRole", "name": role},
	}
}

// changeRequest is a request of the dashboard for the binding of a contributor.
var changeRequest = fmt.Sprintf(
	`{"user": {"kind": "User", "name": %q}, "referredNamespace": %q, "RoleRef": {"kind": "ClusterRole", "name": "edit"}}`, contributor, team)

func TestBindingsAreListed(t *testing.T) {
	kfam, fake := newKFAM(t)
	fake.objects[teamBindings+"/guest"] = newRoleBinding(contributor, "edit")
	owner, guest := any(entry(user, "admin")), any(entry(contributor, "edit"))
	for query, expected := range map[string][]any{
		"?user=" + user:                      {owner},
		"?user=" + contributor:               {guest},
		"?user=nobody@example.com":           nil,
		"?role=edit":                         {guest},
		"?namespace=" + team + "&role=admin": {owner},
		"?namespace=no-profile":              nil,
	} {
		response := decode(t, send(kfam, "GET", "/kfam/v1/bindings"+query, ""))
		bindings, _ := response["bindings"].([]any)
		if !reflect.DeepEqual(bindings, expected) {
			t.Errorf("%s: %v", query, response)
		}
	}
	if bindings := decode(t, send(kfam, "GET", "/kfam/v1/bindings", ""))["bindings"].([]any); len(bindings) != 2 {
		t.Errorf("%v", bindings)
	}
}

func TestTheOwnerAddsAndRemovesAContributor(t *testing.T) {
	t.Setenv("ISTIO_INGRESS_GATEWAY_PRINCIPAL", "cluster.local/ns/istio-system/sa/gateway")
	kfam, fake := newKFAM(t)
	if response := send(kfam, "POST", "/kfam/v1/bindings", changeRequest, "kubeflow-userid", user); response.Code != http.StatusOK {
		t.Fatalf("%d %s", response.Code, response.Body)
	}
	created := fake.objects[teamBindings+"/"+bindingName]
	if created == nil || created["roleRef"].(object)["name"] != "kubeflow-edit" || created["subjects"].([]any)[0].(object)["name"] != contributor {
		t.Errorf("%v", fake.paths())
	}
	rule := fake.objects[teamPolicies+"/"+bindingName]["spec"].(object)["rules"].([]any)[0].(object)
	condition := rule["when"].([]any)[0].(object)
	source := rule["from"].([]any)[0].(object)["source"].(object)
	if condition["key"] != "request.headers[kubeflow-userid]" || !reflect.DeepEqual(condition["values"], []any{contributor}) ||
		!reflect.DeepEqual(source["principals"], []any{"cluster.local/ns/istio-system/sa/gateway"}) {
		t.Errorf("%v", rule)
	}
	listed := decode(t, send(kfam, "GET", "/kfam/v1/bindings?user="+contributor, ""))
	if !reflect.DeepEqual(listed["bindings"], []any{entry(contributor, "edit")}) {
		t.Errorf("%v", listed)
	}
	if response := send(kfam, "DELETE", "/kfam/v1/bindings", changeRequest, "kubeflow-userid", user); response.Code != http.StatusOK {
		t.Errorf("%d %s", response.Code, response.Body)
	}
	for _, path := range fake.paths() {
		if strings.HasSuffix(path, bindingName) {
			t.Errorf("%s is not deleted", path)
		}
	}
	if response := send(kfam, "DELETE", "/kfam/v1/bindings", changeRequest, "kubeflow-userid", user); response.Code != http.StatusForbidden {
		t.Errorf("%d %s", response.Code, response.Body)
	}
}

func TestOtherUsersCannotChangeBindingsAndProfiles(t *testing.T) {
	kfam, fake := newKFAM(t)
	before := fake.paths()
	for _, name := range []string{contributor, "admin@example.com", ""} {
		for _, method := range []string{"POST", "DELETE"} {
			if code := send(kfam, method, "/kfam/v1/bindings", changeRequest, "kubeflow-userid", name).Code; code != http.StatusForbidden {
				t.Errorf("%s of %q: %d", method, name, code)
			}
		}
		if code := send(kfam, "DELETE", "/kfam/v1/profiles/"+team, "", "kubeflow-userid", name).Code; code != http.StatusUnauthorized {
			t.Errorf("%q: %d", name, code)
		}
	}
	if !reflect.DeepEqual(fake.paths(), before) {
		t.Errorf("%v", fake.paths())
	}
}

func TestProfilesAreCreatedAndDeleted(t *testing.T) {
	kfam, fake := newKFAM(t)
	profile := `{"metadata": {"name": "new"}, "spec": {"owner": {"kind": "User", "name": "guest@example.com"}}}`
	if response := send(kfam, "POST", "/kfam/v1/profiles", profile); response.Code != http.StatusOK {
		t.Fatalf("%d %s", response.Code, response.Body)
	}
	if created := fake.objects[profilesPath+"/new"]; created["kind"] != "Profile" || created["apiVersion"] != "kubeflow.org/v1" {
		t.Errorf("%v", created)
	}
	if response := send(kfam, "POST", "/kfam/v1/profiles", profile); response.Code != http.StatusForbidden {
		t.Errorf("%d %s", response.Code, response.Body)
	}
	if code := send(kfam, "DELETE", "/kfam/v1/profiles/new", "", "kubeflow-userid", contributor).Code; code != http.StatusOK {
		t.Error(code)
	}
	if fake.objects[profilesPath+"/new"] != nil {
		t.Error("the Profile is not deleted")
	}
}

func TestTheClusterAdministratorChangesEveryNamespace(t *testing.T) {
	t.Setenv("ADMIN", "admin@example.com")
	kfam, _ := newKFAM(t)
	for name, expected := range map[string]string{"admin@example.com": "true\n", user: "false\n", "": "false\n"} {
		if body := send(kfam, "GET", "/kfam/v1/role/clusteradmin?user="+name, "").Body.String(); body != expected {
			t.Errorf("%q: %s", name, body)
		}
	}
	if code := send(kfam, "POST", "/kfam/v1/bindings", changeRequest, "kubeflow-userid", "admin@example.com").Code; code != http.StatusOK {
		t.Error(code)
	}
}

func TestInvalidBindingsAreRejected(t *testing.T) {
	kfam, fake := newKFAM(t)
	for _, body := range []string{"", "[]", strings.Replace(changeRequest, `"edit"`, `"cluster-admin"`, 1), strings.Replace(changeRequest, team, "no-profile", 1)} {
		if code := send(kfam, "POST", "/kfam/v1/bindings", body, "kubeflow-userid", user).Code; code != http.StatusForbidden {
			t.Errorf("%q: %d", body, code)
		}
	}
	fake.objects[teamBindings+"/several"] = newRoleBinding(user, "view")
	fake.objects[teamBindings+"/several"]["subjects"] = []object{{"name": "a"}, {"name": "b"}}
	if code := send(kfam, "GET", "/kfam/v1/bindings", "").Code; code != http.StatusUnauthorized {
		t.Error(code)
	}
}

func TestKFAMAnswersProbes(t *testing.T) {
	kfam, _ := newKFAM(t)
	if code := send(kfam, "GET", "/metrics", "", "User-Agent", "kube-probe/1.25").Code; code != http.StatusOK {
		t.Error(code)
	}
}
