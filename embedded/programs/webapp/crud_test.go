package main

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const (
	pvcs     = "/api/namespaces/team-a/pvcs"
	dataPath = "/api/v1/namespaces/team-a/persistentvolumeclaims/data"
)

func newVolumesApp(t *testing.T) (http.Handler, *fakeAPI) {
	t.Helper()
	t.Setenv("APP_PREFIX", "/volumes")
	api, fake := newFakeAPI(t, map[string]object{})
	app, err := newWebApp(api, "volumes-web-app")
	if err != nil {
		t.Fatal(err)
	}
	return app, fake
}

// sendFromPage sends a request as the app's own page does: with the CSRF cookie, and with its value in the header.
func sendFromPage(app http.Handler, method, path, body string) (int, string) {
	response := send(app, method, path, body,
		"kubeflow-userid", user, "Cookie", "XSRF-TOKEN=abc", "X-XSRF-TOKEN", "abc")
	return response.Code, response.Body.String()
}

func TestObjectsAreCreatedListedAndDeleted(t *testing.T) {
	app, fake := newVolumesApp(t)
	if code, body := sendFromPage(app, "POST", pvcs, `{"name": "data", "size": "2Gi", "class": "{empty}"}`); code != http.StatusOK ||
		!strings.Contains(body, "PVC created successfully.") {
		t.Fatalf("%d %s", code, body)
	}
	spec := fake.objects[dataPath]["spec"].(object)
	if spec["storageClassName"] != nil || spec["resources"].(object)["requests"].(object)["storage"] != "2Gi" {
		t.Errorf("%v", spec)
	}
	list := decode(t, send(app, "GET", pvcs, "", "kubeflow-userid", user))
	if !reflect.DeepEqual(list["pvcs"], []any{object{"name": "data", "namespace": nil}}) || list["user"] != user {
		t.Errorf("%v", list)
	}
	if code, body := sendFromPage(app, "DELETE", pvcs+"/data", ""); code != http.StatusOK || fake.objects[dataPath] != nil {
		t.Errorf("%d %s", code, body)
	}
	if code, body := sendFromPage(app, "DELETE", pvcs+"/data", ""); code != http.StatusNotFound {
		t.Errorf("%d %s", code, body)
	}
}

func TestForgedRequestsAreRejectedWithUpstreamsMessages(t *testing.T) {
	app, fake := newVolumesApp(t)
	for message, headers := range map[string][]string{
		"Could not find CSRF cookie XSRF-TOKEN in the request.":      {"X-XSRF-TOKEN", "abc"},
		"Could not detect CSRF protection header X-XSRF-TOKEN.":      {"Cookie", "XSRF-TOKEN=abc"},
		"Token in cookie XSRF-TOKEN doesn't match token in header X": {"Cookie", "XSRF-TOKEN=abc", "X-XSRF-TOKEN", "abd"},
	} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			response := send(app, method, pvcs, `{"name": "data"}`, append(headers, "kubeflow-userid", user)...)
			result := decode(t, response)
			if response.Code != http.StatusForbidden || !strings.Contains(result["log"].(string), message) || result["success"] != false {
				t.Errorf("%s: %d %v", method, response.Code, result)
			}
		}
	}
	if len(fake.objects) > 0 {
		t.Errorf("%v", fake.paths())
	}
}

func TestRequestsWithoutAUserAreRejected(t *testing.T) {
	app, _ := newVolumesApp(t)
	for _, path := range []string{"/", pvcs} {
		response := send(app, "GET", path, "")
		if result := decode(t, response); response.Code != http.StatusUnauthorized || result["log"] != "No user detected." || result["user"] != nil {
			t.Errorf("%s: %d %v", path, response.Code, result)
		}
	}
	if code := send(app, "GET", "/healthz/readiness", "").Code; code != http.StatusOK {
		t.Error(code)
	}
}

func TestUsersWithoutPermissionAreRejected(t *testing.T) {
	app, fake := newVolumesApp(t)
	fake.isAllowed = func(user, verb string) bool { return verb != "create" }
	code, body := sendFromPage(app, "POST", pvcs, `{"name": "data"}`)
	if code != http.StatusForbidden || !strings.Contains(body, "is not authorized to create v1/persistentvolumeclaims") || len(fake.objects) > 0 {
		t.Errorf("%d %s", code, body)
	}
}

func TestThePageSetsTheCSRFCookie(t *testing.T) {
	for setting, secure := range map[string]bool{"": true, "true": true, "false": false} {
		t.Setenv("APP_SECURE_COOKIES", setting)
		app, _ := newVolumesApp(t)
		page := send(app, "GET", "/", "", "kubeflow-userid", user)
		cookie := page.Result().Cookies()[0]
		if cookie.Name != "XSRF-TOKEN" || cookie.Path != "/volumes" || cookie.SameSite != http.SameSiteStrictMode || cookie.HttpOnly || cookie.Secure != secure {
			t.Errorf("APP_SECURE_COOKIES=%s: %v", setting, cookie)
		}
		if !strings.Contains(page.Body.String(), `PREFIX = "/volumes"`) || !strings.Contains(page.Body.String(), "stand-in") {
			t.Errorf("%s", page.Body)
		}
	}
}

func TestIncompleteRequestsAreRejected(t *testing.T) {
	app, _ := newVolumesApp(t)
	for _, body := range []string{"", "name=data", "{}"} {
		if code, response := sendFromPage(app, "POST", pvcs, body); code != http.StatusBadRequest {
			t.Errorf("%q: %d %s", body, code, response)
		}
	}
}

func TestEveryWebAppCreatesItsOwnKind(t *testing.T) {
	for name, path := range map[string]string{
		"jupyter-web-app":       "/apis/kubeflow.org/v1/namespaces/team-a/notebooks/example",
		"tensorboards-web-app":  "/apis/tensorboard.kubeflow.org/v1alpha1/namespaces/team-a/tensorboards/example",
		"kserve-models-web-app": "/apis/serving.kserve.io/v1beta1/namespaces/team-a/inferenceservices/example",
	} {
		api, fake := newFakeAPI(t, map[string]object{})
		app, err := newWebApp(api, name)
		if err != nil {
			t.Fatal(err)
		}
		if code, body := sendFromPage(app, "POST", "/api/namespaces/team-a/"+resources[name].Path, `{"name": "example"}`); code != http.StatusOK || fake.objects[path] == nil {
			t.Errorf("%s: %d %s %v", name, code, body, fake.paths())
		}
	}
	if _, err := newWebApp(nil, "no-web-app"); err == nil {
		t.Error("expected an error for an unknown web app")
	}
}

func TestTensorboardHasTheDirectoryOfTheLogsAndTheLabelsOfItsConfigurations(t *testing.T) {
	created := newTensorboard("logs", object{"logspath": "pvc://volume/logs", "configurations": []any{"access-s3"}})
	if path := created["spec"].(object)["logspath"]; path != "pvc://volume/logs" {
		t.Errorf("expected the path of the request, seen %v", path)
	}
	if label := created["metadata"].(object)["labels"].(object)["access-s3"]; label != "true" {
		t.Errorf("expected the label of the configuration, seen %v", created["metadata"])
	}
}
