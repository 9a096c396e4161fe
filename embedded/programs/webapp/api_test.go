package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sort"
	"strings"
	"sync"
	"testing"
)

// fakeAPI is an API server that keeps what is created in it, and lets users do what `may` says.
type fakeAPI struct {
	lock    sync.Mutex
	objects map[string]object
	may     func(user, verb string) bool
}

// newAPI starts a fake API server; objects are by their paths.
func newAPI(t *testing.T, objects map[string]object) (*api, *fakeAPI) {
	t.Helper()
	fake := &fakeAPI{objects: objects, may: func(string, string) bool { return true }}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	return &api{url: server.URL, client: server.Client(), token: func() (string, error) { return "token", nil }}, fake
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if r.Header.Get("Authorization") != "Bearer token" {
		answer(w, http.StatusUnauthorized, object{"code": http.StatusUnauthorized, "message": "Unauthorized"})
		return
	}
	if strings.HasSuffix(r.URL.Path, "/subjectaccessreviews") {
		f.review(w, r)
		return
	}
	switch r.Method {
	case http.MethodGet:
		answer(w, http.StatusOK, object{"items": f.below(r.URL.Path)})
	case http.MethodPost:
		var created object
		json.NewDecoder(r.Body).Decode(&created)
		path := r.URL.Path + "/" + created["metadata"].(object)["name"].(string)
		if f.objects[path] != nil {
			answer(w, http.StatusConflict, object{"code": http.StatusConflict, "message": "already exists"})
			return
		}
		f.objects[path] = created
		answer(w, http.StatusCreated, created)
	case http.MethodDelete:
		if f.objects[r.URL.Path] == nil {
			answer(w, http.StatusNotFound, object{"code": http.StatusNotFound, "message": "not found"})
			return
		}
		delete(f.objects, r.URL.Path)
		answer(w, http.StatusOK, object{})
	}
}

func (f *fakeAPI) review(w http.ResponseWriter, r *http.Request) {
	var review struct {
		Spec struct {
			User               string
			ResourceAttributes struct{ Verb string }
		}
	}
	json.NewDecoder(r.Body).Decode(&review)
	allowed := f.may(review.Spec.User, review.Spec.ResourceAttributes.Verb)
	answer(w, http.StatusCreated, object{"status": object{"allowed": allowed}})
}

func (f *fakeAPI) below(collection string) []object {
	found := []object{}
	for path, one := range f.objects {
		if name, below := strings.CutPrefix(path, collection+"/"); below && !strings.Contains(name, "/") {
			found = append(found, one)
		}
	}
	return found
}

func (f *fakeAPI) paths() []string {
	f.lock.Lock()
	defer f.lock.Unlock()
	paths := make([]string, 0, len(f.objects))
	for path := range f.objects {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	return paths
}

// ask sends a request to a handler; headers come as name, value, name, value.
func ask(handler http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

func decoded(t *testing.T, recorder *httptest.ResponseRecorder) object {
	t.Helper()
	var value object
	if err := json.Unmarshal(recorder.Body.Bytes(), &value); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, recorder.Body)
	}
	return value
}

func profileOf(owner string) object {
	return object{
		"metadata": object{"name": "kubeflow-user-example-com", "uid": "1-2-3"},
		"spec":     object{"owner": object{"kind": "User", "name": owner}},
	}
}
