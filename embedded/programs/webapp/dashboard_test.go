package main

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const user = "user@example.com"

func newTestDashboard(t *testing.T) http.Handler {
	t.Helper()
	api, _ := newFakeAPI(t, map[string]object{"/apis/kubeflow.org/v1/profiles/kubeflow-user-example-com": newProfile(user)})
	return newDashboard(api, defaultUserHeader)
}

func TestTheOwnerSeesTheirNamespace(t *testing.T) {
	info := decode(t, send(newTestDashboard(t), "GET", "/api/workgroup/env-info", "", "kubeflow-userid", user))
	expected := []any{object{"user": user, "namespace": "kubeflow-user-example-com", "role": "owner"}}
	if info["user"] != user || info["isClusterAdmin"] != false || !reflect.DeepEqual(info["namespaces"], expected) {
		t.Errorf("%v", info)
	}
}

func TestAnotherUserOwnsNothing(t *testing.T) {
	info := decode(t, send(newTestDashboard(t), "GET", "/api/workgroup/env-info", "", "kubeflow-userid", "other@example.com"))
	if info["user"] != "other@example.com" || len(info["namespaces"].([]any)) != 0 {
		t.Errorf("%v", info)
	}
}

func TestWorkgroupExists(t *testing.T) {
	for name, expected := range map[string]object{
		user:                {"user": user, "hasAuth": true, "hasWorkgroup": true, "registrationFlowAllowed": false},
		"other@example.com": {"user": "other@example.com", "hasAuth": true, "hasWorkgroup": false, "registrationFlowAllowed": false},
		"":                  {"user": anonymous, "hasAuth": false, "hasWorkgroup": false, "registrationFlowAllowed": false},
	} {
		if got := decode(t, send(newTestDashboard(t), "GET", "/api/workgroup/exists", "", "kubeflow-userid", name)); !reflect.DeepEqual(got, expected) {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestThePageIsServedOutsideOfTheAPI(t *testing.T) {
	board := newTestDashboard(t)
	for _, path := range []string{"/", "/_/volumes/", "/site/after_logout"} {
		page := send(board, "GET", path, "")
		for _, part := range []string{"<title>Kubeflow Central Dashboard</title>", "<main-page>", "stand-in"} {
			if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), part) {
				t.Errorf("%s: status %d, expected 200 and a page with %q", path, page.Code, part)
			}
		}
	}
	if code := send(board, "GET", "/api/unknown", "").Code; code != http.StatusNotFound {
		t.Error(code)
	}
	if code := send(board, "GET", "/healthz", "").Code; code != http.StatusOK {
		t.Error(code)
	}
}

func TestAnErrorOfTheAPIServerIsReported(t *testing.T) {
	api, _ := newFakeAPI(t, nil)
	api.token = func() (string, error) { return "expired", nil }
	response := send(newDashboard(api, defaultUserHeader), "GET", "/api/workgroup/env-info", "", "kubeflow-userid", user)
	if response.Code != http.StatusUnauthorized || decode(t, response)["error"] != "Unauthorized" {
		t.Errorf("%d %s", response.Code, response.Body)
	}
}
