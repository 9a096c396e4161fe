package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

const user = "user@example.com"

// newTestDashboard returns a dashboard that asks a KFAM for the namespaces.
func newTestDashboard(t *testing.T, kfam http.Handler) http.Handler {
	t.Helper()
	server := httptest.NewServer(kfam)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(address.Host)
	t.Setenv("PROFILES_KFAM_SERVICE_HOST", host)
	t.Setenv("PROFILES_KFAM_SERVICE_PORT", port)
	t.Setenv("LOGOUT_URL", "/authservice/logout")
	t.Setenv("REGISTRATION_FLOW", "false")
	return newDashboard()
}

// newDashboardOfTeam returns a dashboard in a cluster with a Profile, its owner and a contributor.
func newDashboardOfTeam(t *testing.T) http.Handler {
	t.Helper()
	kfam, fake := newKFAM(t)
	fake.objects[teamBindings+"/guest"] = newRoleBinding(contributor, "edit")
	return newTestDashboard(t, kfam)
}

func TestUsersSeeTheirNamespacesAndRoles(t *testing.T) {
	board := newDashboardOfTeam(t)
	for name, namespaces := range map[string][]any{
		user:                 {object{"user": user, "namespace": team, "role": "owner"}},
		contributor:          {object{"user": contributor, "namespace": team, "role": "contributor"}},
		"nobody@example.com": {},
	} {
		info := decode(t, send(board, "GET", "/api/workgroup/env-info", "", "kubeflow-userid", name))
		if info["user"] != name || info["isClusterAdmin"] != false || !reflect.DeepEqual(info["namespaces"], namespaces) {
			t.Errorf("%v", info)
		}
		platform := info["platform"].(object)
		if platform["kubeflowVersion"] != "unknown" || platform["logoutUrl"] != "/authservice/logout" {
			t.Errorf("%v", platform)
		}
	}
}

func TestTheClusterAdministratorIsMarked(t *testing.T) {
	t.Setenv("ADMIN", user)
	if info := decode(t, send(newDashboardOfTeam(t), "GET", "/api/workgroup/env-info", "", "kubeflow-userid", user)); info["isClusterAdmin"] != true {
		t.Errorf("%v", info)
	}
}

func TestWorkgroupExists(t *testing.T) {
	board := newDashboardOfTeam(t)
	for name, expected := range map[string]object{
		user:        {"user": "user", "hasAuth": true, "hasWorkgroup": true, "registrationFlowAllowed": false},
		contributor: {"user": "guest", "hasAuth": true, "hasWorkgroup": false, "registrationFlowAllowed": false},
		"":          {"user": "anonymous", "hasAuth": false, "hasWorkgroup": false, "registrationFlowAllowed": false},
	} {
		if got := decode(t, send(board, "GET", "/api/workgroup/exists", "", "kubeflow-userid", name)); !reflect.DeepEqual(got, expected) {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestThePageIsServedOutsideOfTheAPI(t *testing.T) {
	board := newDashboardOfTeam(t)
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

func TestKFAMReceivesTheUserHeader(t *testing.T) {
	var seen []string
	board := newTestDashboard(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.Path+" "+r.Header.Get("kubeflow-userid"))
		writeJSON(w, http.StatusOK, nil)
	}))
	send(board, "GET", "/api/namespaces", "", "kubeflow-userid", user)
	expected := []string{"/kfam/v1/role/clusteradmin " + user, "/kfam/v1/bindings " + user}
	if !reflect.DeepEqual(seen, expected) {
		t.Errorf("%v", seen)
	}
}

func TestAnErrorOfKFAMIsReported(t *testing.T) {
	board := newTestDashboard(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "RBAC: access denied", http.StatusForbidden)
	}))
	response := send(board, "GET", "/api/workgroup/env-info", "", "kubeflow-userid", user)
	if response.Code != http.StatusForbidden || !strings.Contains(decode(t, response)["error"].(string), "RBAC: access denied") {
		t.Errorf("%d %s", response.Code, response.Body)
	}
	t.Setenv("PROFILES_KFAM_SERVICE_PORT", "1")
	response = send(newDashboard(), "GET", "/api/workgroup/env-info", "", "kubeflow-userid", user)
	if response.Code != http.StatusBadRequest || !strings.Contains(decode(t, response)["error"].(string), "stand-in") {
		t.Errorf("%d %s", response.Code, response.Body)
	}
}
