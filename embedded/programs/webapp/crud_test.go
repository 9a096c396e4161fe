package main

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const (
	pvcs   = "/api/namespaces/mine/pvcs"
	stored = "/api/v1/namespaces/mine/persistentvolumeclaims/data"
)

func aVolumesApp(t *testing.T) (http.Handler, *fakeAPI) {
	t.Helper()
	t.Setenv("APP_PREFIX", "/volumes")
	api, fake := newAPI(t, map[string]object{})
	app, err := newWebApp(api, "volumes-web-app")
	if err != nil {
		t.Fatal(err)
	}
	return app, fake
}

// write is a write of the app's own page: with the cookie, and the header that repeats it.
func write(app http.Handler, method, path, body string) (int, string) {
	answered := ask(app, method, path, body,
		"kubeflow-userid", user, "Cookie", "XSRF-TOKEN=abc", "X-XSRF-TOKEN", "abc")
	return answered.Code, answered.Body.String()
}

func TestAWriteIsReallyDoneAndUndone(t *testing.T) {
	app, fake := aVolumesApp(t)
	if code, said := write(app, "POST", pvcs, `{"name": "data", "size": "2Gi", "class": "{empty}"}`); code != http.StatusOK ||
		!strings.Contains(said, "PVC created successfully.") {
		t.Fatalf("%d %s", code, said)
	}
	spec := fake.objects[stored]["spec"].(object)
	if spec["storageClassName"] != nil || spec["resources"].(object)["requests"].(object)["storage"] != "2Gi" {
		t.Errorf("%v", spec)
	}
	list := decoded(t, ask(app, "GET", pvcs, "", "kubeflow-userid", user))
	if !reflect.DeepEqual(list["pvcs"], []any{object{"name": "data", "namespace": nil}}) || list["user"] != user {
		t.Errorf("%v", list)
	}
	if code, said := write(app, "DELETE", pvcs+"/data", ""); code != http.StatusOK || fake.objects[stored] != nil {
		t.Errorf("%d %s", code, said)
	}
	if code, said := write(app, "DELETE", pvcs+"/data", ""); code != http.StatusNotFound {
		t.Errorf("%d %s", code, said)
	}
}

func TestAWriteOfAnotherSitesPageIsRefusedInUpstreamsWords(t *testing.T) {
	app, fake := aVolumesApp(t)
	for words, headers := range map[string][]string{
		"Could not find CSRF cookie XSRF-TOKEN in the request.":      {"X-XSRF-TOKEN", "abc"},
		"Could not detect CSRF protection header X-XSRF-TOKEN.":      {"Cookie", "XSRF-TOKEN=abc"},
		"Token in cookie XSRF-TOKEN doesn't match token in header X": {"Cookie", "XSRF-TOKEN=abc", "X-XSRF-TOKEN", "abd"},
	} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			refused := ask(app, method, pvcs, `{"name": "data"}`, append(headers, "kubeflow-userid", user)...)
			said := decoded(t, refused)
			if refused.Code != http.StatusForbidden || !strings.Contains(said["log"].(string), words) || said["success"] != false {
				t.Errorf("%s: %d %v", method, refused.Code, said)
			}
		}
	}
	if len(fake.objects) > 0 {
		t.Errorf("%v", fake.paths())
	}
}

func TestNobodyIsRefused(t *testing.T) {
	app, _ := aVolumesApp(t)
	for _, path := range []string{"/", pvcs} {
		refused := ask(app, "GET", path, "")
		if said := decoded(t, refused); refused.Code != http.StatusUnauthorized || said["log"] != "No user detected." || said["user"] != nil {
			t.Errorf("%s: %d %v", path, refused.Code, said)
		}
	}
	if code := ask(app, "GET", "/healthz/readiness", "").Code; code != http.StatusOK {
		t.Error(code)
	}
}

func TestAUserWithoutTheRightIsRefused(t *testing.T) {
	app, fake := aVolumesApp(t)
	fake.may = func(user, verb string) bool { return verb != "create" }
	code, said := write(app, "POST", pvcs, `{"name": "data"}`)
	if code != http.StatusForbidden || !strings.Contains(said, "is not authorized to create v1/persistentvolumeclaims") || len(fake.objects) > 0 {
		t.Errorf("%d %s", code, said)
	}
}

func TestTheCookieOfThePage(t *testing.T) {
	for given, secure := range map[string]bool{"": true, "true": true, "false": false} {
		t.Setenv("APP_SECURE_COOKIES", given)
		app, _ := aVolumesApp(t)
		page := ask(app, "GET", "/", "", "kubeflow-userid", user)
		cookie := page.Result().Cookies()[0]
		if cookie.Name != "XSRF-TOKEN" || cookie.Path != "/volumes" || cookie.SameSite != http.SameSiteStrictMode || cookie.HttpOnly || cookie.Secure != secure {
			t.Errorf("APP_SECURE_COOKIES=%s: %v", given, cookie)
		}
		if !strings.Contains(page.Body.String(), `PREFIX = "/volumes"`) || !strings.Contains(page.Body.String(), "stand-in") {
			t.Errorf("%s", page.Body)
		}
	}
}

func TestAnIncompleteWriteIsRefused(t *testing.T) {
	app, _ := aVolumesApp(t)
	for _, body := range []string{"", "name=data", "{}"} {
		if code, said := write(app, "POST", pvcs, body); code != http.StatusBadRequest {
			t.Errorf("%q: %d %s", body, code, said)
		}
	}
}

func TestEveryWebAppCreatesItsOwnKind(t *testing.T) {
	for name, path := range map[string]string{
		"jupyter-web-app":       "/apis/kubeflow.org/v1/namespaces/mine/notebooks/one",
		"tensorboards-web-app":  "/apis/tensorboard.kubeflow.org/v1alpha1/namespaces/mine/tensorboards/one",
		"kserve-models-web-app": "/apis/serving.kserve.io/v1beta1/namespaces/mine/inferenceservices/one",
	} {
		api, fake := newAPI(t, map[string]object{})
		app, err := newWebApp(api, name)
		if err != nil {
			t.Fatal(err)
		}
		if code, said := write(app, "POST", "/api/namespaces/mine/"+resources[name].Path, `{"name": "one"}`); code != http.StatusOK || fake.objects[path] == nil {
			t.Errorf("%s: %d %s %v", name, code, said, fake.paths())
		}
	}
	if _, err := newWebApp(nil, "no-web-app"); err == nil {
		t.Error("an unknown web app is none")
	}
}
