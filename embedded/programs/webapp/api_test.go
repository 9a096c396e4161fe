package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"sort"
	"strings"
	"sync"
	"testing"
)

// fakeAPI is an API server that stores the created objects by their paths, and authorizes what isAllowed permits.
type fakeAPI struct {
	lock      sync.Mutex
	objects   map[string]object
	isAllowed func(user, verb string) bool
}

// collections contains the resources of which the fake API server lists the objects.
var collections = map[string]bool{"profiles": true, "persistentvolumeclaims": true, "rolebindings": true}

// newFakeAPI starts a fake API server with these objects, by their paths, and returns a client for it.
func newFakeAPI(t *testing.T, objects map[string]object) (*api, *fakeAPI) {
	t.Helper()
	fake := &fakeAPI{objects: objects, isAllowed: func(string, string) bool { return true }}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	return &api{url: server.URL, client: server.Client(), token: func() (string, error) { return "token", nil }}, fake
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if r.Header.Get("Authorization") != "Bearer token" {
		writeJSON(w, http.StatusUnauthorized, object{"code": http.StatusUnauthorized, "message": "Unauthorized"})
		return
	}
	if strings.HasSuffix(r.URL.Path, "/subjectaccessreviews") {
		f.reviewAccess(w, r)
		return
	}
	switch r.Method {
	case http.MethodGet:
		if found := f.objects[r.URL.Path]; found != nil {
			writeJSON(w, http.StatusOK, found)
		} else if collections[path.Base(r.URL.Path)] {
			writeJSON(w, http.StatusOK, object{"items": f.list(r.URL.Path)})
		} else {
			writeJSON(w, http.StatusNotFound, object{"code": http.StatusNotFound, "message": "not found"})
		}
	case http.MethodPost:
		var created object
		json.NewDecoder(r.Body).Decode(&created)
		path := r.URL.Path + "/" + created["metadata"].(object)["name"].(string)
		if f.objects[path] != nil {
			writeJSON(w, http.StatusConflict, object{"code": http.StatusConflict, "message": "already exists"})
			return
		}
		f.objects[path] = created
		writeJSON(w, http.StatusCreated, created)
	case http.MethodDelete:
		if f.objects[r.URL.Path] == nil {
			writeJSON(w, http.StatusNotFound, object{"code": http.StatusNotFound, "message": "not found"})
			return
		}
		delete(f.objects, r.URL.Path)
		writeJSON(w, http.StatusOK, object{})
	}
}

func (f *fakeAPI) reviewAccess(w http.ResponseWriter, r *http.Request) {
	var review struct {
		Spec struct {
			User               string
			ResourceAttributes struct{ Verb string }
		}
	}
	json.NewDecoder(r.Body).Decode(&review)
	allowed := f.isAllowed(review.Spec.User, review.Spec.ResourceAttributes.Verb)
	writeJSON(w, http.StatusCreated, object{"status": object{"allowed": allowed}})
}

// list returns the objects of a collection.
func (f *fakeAPI) list(collection string) []object {
	items := []object{}
	for path, obj := range f.objects {
		if name, found := strings.CutPrefix(path, collection+"/"); found && !strings.Contains(name, "/") {
			items = append(items, obj)
		}
	}
	return items
}

// paths returns the sorted paths of all objects.
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

// send sends a request to a handler. The headers alternate between names and values.
func send(handler http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// decode returns the JSON object in a response.
func decode(t *testing.T, recorder *httptest.ResponseRecorder) object {
	t.Helper()
	var value object
	if err := json.Unmarshal(recorder.Body.Bytes(), &value); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, recorder.Body)
	}
	return value
}

// newProfile returns a Profile with this owner.
func newProfile(owner string) object {
	return object{
		"metadata": object{"name": "kubeflow-user-example-com", "uid": "1-2-3"},
		"spec":     object{"owner": object{"kind": "User", "name": owner}},
	}
}
