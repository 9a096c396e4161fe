package main

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const user = "user@example.com"

func aDashboard(t *testing.T) http.Handler {
	t.Helper()
	api, _ := newAPI(t, map[string]object{"/apis/kubeflow.org/v1/profiles/kubeflow-user-example-com": profileOf(user)})
	return newDashboard(api, defaultUserHeader)
}

func TestTheOwnerIsToldItsNamespace(t *testing.T) {
	info := decoded(t, ask(aDashboard(t), "GET", "/api/workgroup/env-info", "", "kubeflow-userid", user))
	expected := []any{object{"user": user, "namespace": "kubeflow-user-example-com", "role": "owner"}}
	if info["user"] != user || info["isClusterAdmin"] != false || !reflect.DeepEqual(info["namespaces"], expected) {
		t.Errorf("%v", info)
	}
}

func TestAnotherUserOwnsNothing(t *testing.T) {
	info := decoded(t, ask(aDashboard(t), "GET", "/api/workgroup/env-info", "", "kubeflow-userid", "other@example.com"))
	if info["user"] != "other@example.com" || len(info["namespaces"].([]any)) != 0 {
		t.Errorf("%v", info)
	}
}

func TestWhoHasAWorkgroup(t *testing.T) {
	for name, expected := range map[string]object{
		user:                {"user": user, "hasAuth": true, "hasWorkgroup": true, "registrationFlowAllowed": false},
		"other@example.com": {"user": "other@example.com", "hasAuth": true, "hasWorkgroup": false, "registrationFlowAllowed": false},
		"":                  {"user": anonymous, "hasAuth": false, "hasWorkgroup": false, "registrationFlowAllowed": false},
	} {
		if exists := decoded(t, ask(aDashboard(t), "GET", "/api/workgroup/exists", "", "kubeflow-userid", name)); !reflect.DeepEqual(exists, expected) {
			t.Errorf("%q: %v", name, exists)
		}
	}
}

func TestThePageIsServedAtEveryPathButTheAPIs(t *testing.T) {
	board := aDashboard(t)
	for _, path := range []string{"/", "/_/volumes/", "/site/after_logout"} {
		page := ask(board, "GET", path, "")
		for _, part := range []string{"<title>Kubeflow Central Dashboard</title>", "<main-page>", "stand-in"} {
			if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), part) {
				t.Errorf("%s: %d without %s", path, page.Code, part)
			}
		}
	}
	if code := ask(board, "GET", "/api/unknown", "").Code; code != http.StatusNotFound {
		t.Error(code)
	}
	if code := ask(board, "GET", "/healthz", "").Code; code != http.StatusOK {
		t.Error(code)
	}
}

func TestAnAPIServerThatRefusesIsNotHidden(t *testing.T) {
	api, _ := newAPI(t, nil)
	api.token = func() (string, error) { return "expired", nil }
	refused := ask(newDashboard(api, defaultUserHeader), "GET", "/api/workgroup/env-info", "", "kubeflow-userid", user)
	if refused.Code != http.StatusUnauthorized || decoded(t, refused)["error"] != "Unauthorized" {
		t.Errorf("%d %s", refused.Code, refused.Body)
	}
}
