package main

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
)

const (
	csrfCookie = "XSRF-TOKEN"
	csrfHeader = "X-" + csrfCookie
)

//go:embed crud.html
var crudPage string

// resource is the kind of object that a web app creates.
type resource struct {
	Title   string // of the page
	Path    string // of its collection in the app's own API
	Created string // what the app says when it has created one
	Deleted string
	group   string
	version string
	plural  string
	object  func(name string, asked object) object
}

// resources are the web apps, by name.
var resources = map[string]resource{
	"volumes-web-app": {
		Title: "Volumes", Path: "pvcs", Created: "PVC created successfully.", Deleted: "PVC %s successfully deleted.",
		version: "v1", plural: "persistentvolumeclaims", object: claim,
	},
	"jupyter-web-app": {
		Title: "Notebooks", Path: "notebooks",
		Created: "Notebook created successfully.", Deleted: "Notebook %s successfully deleted.",
		group: "kubeflow.org", version: "v1", plural: "notebooks", object: custom("kubeflow.org/v1", "Notebook"),
	},
	"tensorboards-web-app": {
		Title: "TensorBoards", Path: "tensorboards",
		Created: "Tensorboard created successfully.", Deleted: "Tensorboard %s deleted successfully.",
		group: "tensorboard.kubeflow.org", version: "v1alpha1", plural: "tensorboards",
		object: custom("tensorboard.kubeflow.org/v1alpha1", "Tensorboard"),
	},
	"kserve-models-web-app": {
		Title: "Models", Path: "inferenceservices",
		Created: "InferenceService successfully created.", Deleted: "InferenceService %s successfully deleted.",
		group: "serving.kserve.io", version: "v1beta1", plural: "inferenceservices",
		object: custom("serving.kserve.io/v1beta1", "InferenceService"),
	},
}

// webApp is one of the web apps, behind a gateway that takes the prefix off the path.
type webApp struct {
	resource
	name   string
	api    *api
	prefix string
	header string
	strip  string
	secure bool
	page   *template.Template
}

func newWebApp(api *api, name string) (http.Handler, error) {
	what, known := resources[name]
	if !known {
		return nil, fmt.Errorf("no web app is called %q", name)
	}
	app := &webApp{
		resource: what,
		name:     name,
		api:      api,
		prefix:   strings.TrimSuffix(setting("APP_PREFIX", "/"), "/"),
		header:   setting("USERID_HEADER", defaultUserHeader),
		strip:    os.Getenv("USERID_PREFIX"),
		secure:   !strings.EqualFold(setting("APP_SECURE_COOKIES", "true"), "false"),
		page:     template.Must(template.New(name).Parse(crudPage)),
	}
	routes := http.NewServeMux()
	collection := "/api/namespaces/{namespace}/" + what.Path
	routes.HandleFunc("GET "+collection, app.list)
	routes.HandleFunc("POST "+collection, app.create)
	routes.HandleFunc("DELETE "+collection+"/{name}", app.delete)
	routes.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) { app.fail(w, r, http.StatusNotFound, "Not Found") })
	routes.HandleFunc("/", app.index)
	return app.guarded(routes), nil
}

// guarded lets only those pass who are somebody, and whose writes come from the app's own page.
func (a *webApp) guarded(routes http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/healthz/") {
			answer(w, http.StatusOK, object{"success": true, "status": http.StatusOK})
			return
		}
		if refusal := forged(r); refusal != "" {
			a.fail(w, r, http.StatusForbidden, refusal)
			return
		}
		if a.user(r) == "" {
			a.fail(w, r, http.StatusUnauthorized, "No user detected.")
			return
		}
		routes.ServeHTTP(w, r)
	})
}

// forged says, in upstream's words, why a request may have been made by another site's page; empty if it was not.
func forged(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return ""
	}
	cookie, err := r.Cookie(csrfCookie)
	if err != nil {
		return "Could not find CSRF cookie " + csrfCookie + " in the request."
	}
	if len(r.Header.Values(csrfHeader)) == 0 {
		return "Could not detect CSRF protection header " + csrfHeader + "."
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get(csrfHeader)), []byte(cookie.Value)) != 1 {
		return "CSRF check failed. Token in cookie " + csrfCookie + " doesn't match token in header " + csrfHeader + "."
	}
	return ""
}

func (a *webApp) user(r *http.Request) string {
	return strings.ReplaceAll(r.Header.Get(a.header), a.strip, "")
}

// index serves the page, with a new token for the writes that it will make.
func (a *webApp) index(w http.ResponseWriter, r *http.Request) {
	token := make([]byte, 32)
	rand.Read(token) // never fails
	http.SetCookie(w, &http.Cookie{
		Name:     csrfCookie,
		Value:    base64.RawURLEncoding.EncodeToString(token),
		Path:     setting("APP_PREFIX", "/"),
		Secure:   a.secure,
		SameSite: http.SameSiteStrictMode,
	})
	var content strings.Builder
	shown := map[string]any{"App": a.name, "Title": a.Title, "Collection": a.Path, "Prefix": a.prefix}
	if err := a.page.Execute(&content, shown); err != nil {
		a.fail(w, r, http.StatusInternalServerError, err.Error())
		return
	}
	page(w, []byte(content.String()))
}

func (a *webApp) list(w http.ResponseWriter, r *http.Request) {
	var list struct {
		Items []object `json:"items"`
	}
	if !a.may(w, r, "list") || !a.done(w, r, a.api.ask(r.Context(), http.MethodGet, a.path(r, ""), nil, &list)) {
		return
	}
	shown := make([]object, 0, len(list.Items))
	for _, item := range list.Items {
		metadata, _ := item["metadata"].(object)
		shown = append(shown, object{"name": metadata["name"], "namespace": metadata["namespace"]})
	}
	a.succeed(w, r, a.Path, shown)
}

func (a *webApp) create(w http.ResponseWriter, r *http.Request) {
	var asked object
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&asked); err != nil {
		a.fail(w, r, http.StatusBadRequest, "Request is not in JSON format.")
		return
	}
	name, _ := asked["name"].(string)
	if name == "" {
		a.fail(w, r, http.StatusBadRequest, "Missing body parameter: name")
		return
	}
	if a.may(w, r, "create") &&
		a.done(w, r, a.api.ask(r.Context(), http.MethodPost, a.path(r, ""), a.object(name, asked), nil)) {
		a.succeed(w, r, "message", a.Created)
	}
}

func (a *webApp) delete(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if a.may(w, r, "delete") && a.done(w, r, a.api.ask(r.Context(), http.MethodDelete, a.path(r, name), nil, nil)) {
		a.succeed(w, r, "message", fmt.Sprintf(a.Deleted, name))
	}
}

// may asks the API server whether the user may do this; if not, it answers the request.
func (a *webApp) may(w http.ResponseWriter, r *http.Request, verb string) bool {
	namespace, user := r.PathValue("namespace"), a.user(r)
	attributes := object{"namespace": namespace, "verb": verb, "group": a.group, "resource": a.plural}
	review := object{
		"apiVersion": "authorization.k8s.io/v1",
		"kind":       "SubjectAccessReview",
		"spec":       object{"user": user, "resourceAttributes": attributes},
	}
	var decided struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	path := "/apis/authorization.k8s.io/v1/subjectaccessreviews"
	if !a.done(w, r, a.api.ask(r.Context(), http.MethodPost, path, review, &decided)) {
		return false
	}
	if !decided.Status.Allowed {
		kind := strings.TrimPrefix(a.group+"/"+a.version+"/"+a.plural, "/")
		a.fail(w, r, http.StatusForbidden,
			fmt.Sprintf("User '%s' is not authorized to %s %s in namespace '%s'", user, verb, kind, namespace))
	}
	return decided.Status.Allowed
}

// path is where the API server has the objects of a request's namespace, or one of them.
func (a *webApp) path(r *http.Request, name string) string {
	root := "/api/" + a.version
	if a.group != "" {
		root = "/apis/" + a.group + "/" + a.version
	}
	path := root + "/namespaces/" + url.PathEscape(r.PathValue("namespace")) + "/" + a.plural
	if name != "" {
		path += "/" + url.PathEscape(name)
	}
	return path
}

// done tells whether the API server did what it was asked; if not, it answers the request.
func (a *webApp) done(w http.ResponseWriter, r *http.Request, err error) bool {
	if err != nil {
		status, message := statusOf(err)
		a.fail(w, r, status, message)
	}
	return err == nil
}

func (a *webApp) succeed(w http.ResponseWriter, r *http.Request, field string, value any) {
	answer(w, http.StatusOK, object{"success": true, "status": http.StatusOK, "user": a.user(r), field: value})
}

func (a *webApp) fail(w http.ResponseWriter, r *http.Request, status int, message string) {
	log.Printf("%s %s: %d %s", r.Method, r.URL.Path, status, message)
	var user any // null where there is none, as upstream has it
	if name := a.user(r); name != "" {
		user = name
	}
	answer(w, status, object{"success": false, "status": status, "user": user, "log": message})
}

// claim is a PersistentVolumeClaim as the Volumes app is asked for it.
func claim(name string, asked object) object {
	given := func(key, otherwise string) string {
		if value, _ := asked[key].(string); value != "" {
			return value
		}
		return otherwise
	}
	spec := object{
		"accessModes": []string{given("mode", "ReadWriteOnce")},
		"resources":   object{"requests": object{"storage": given("size", "1Gi")}},
	}
	switch class := given("class", "{empty}"); class {
	case "{empty}": // the cluster's default
	case "{none}":
		spec["storageClassName"] = ""
	default:
		spec["storageClassName"] = class
	}
	return object{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": object{"name": name}, "spec": spec}
}

// custom makes objects of a kind for which this cluster has no controller; what was asked is noted in them.
func custom(version, kind string) func(string, object) object {
	return func(name string, asked object) object {
		return object{"apiVersion": version, "kind": kind, "metadata": object{"name": name}, "spec": object{"asked": asked}}
	}
}
