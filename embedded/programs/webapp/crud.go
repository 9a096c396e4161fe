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
	Field   string // of the response that contains the collection
	Created string // the app's message after it has created an object
	Deleted string // the app's message after it has deleted an object, with %s for the name
	group   string
	version string
	plural  string
	object  func(name string, request object) object
}

// resources contains the resource of each web app, by the name of the app.
var resources = map[string]resource{
	"volumes-web-app": {
		Title: "Volumes", Path: "pvcs", Field: "pvcs", Created: "PVC created successfully.", Deleted: "PVC %s successfully deleted.",
		version: "v1", plural: "persistentvolumeclaims", object: newVolumeClaim,
	},
	"jupyter-web-app": {
		Title: "Notebooks", Path: "notebooks", Field: "notebooks",
		Created: "Notebook created successfully.", Deleted: "Notebook %s successfully deleted.",
		group: "kubeflow.org", version: "v1", plural: "notebooks", object: customResource("kubeflow.org/v1", "Notebook"),
	},
	"tensorboards-web-app": {
		Title: "TensorBoards", Path: "tensorboards", Field: "tensorboards",
		Created: "Tensorboard created successfully.", Deleted: "Tensorboard %s deleted successfully.",
		group: "tensorboard.kubeflow.org", version: "v1alpha1", plural: "tensorboards", object: newTensorboard,
	},
	"kserve-models-web-app": {
		Title: "Models", Path: "inferenceservices", Field: "inferenceServices",
		Created: "InferenceService successfully created.", Deleted: "InferenceService %s successfully deleted.",
		group: "serving.kserve.io", version: "v1beta1", plural: "inferenceservices",
		object: customResource("serving.kserve.io/v1beta1", "InferenceService"),
	},
}

// webApp is one of the web apps. The gateway removes the prefix from the path of its requests.
type webApp struct {
	resource
	name          string
	api           *api
	prefix        string
	userHeader    string
	userPrefix    string // removed from the user name
	secureCookies bool
	page          *template.Template
}

func newWebApp(api *api, name string) (http.Handler, error) {
	res, found := resources[name]
	if !found {
		return nil, fmt.Errorf("unknown web app %q", name)
	}
	app := &webApp{
		resource:      res,
		name:          name,
		api:           api,
		prefix:        strings.TrimSuffix(envOrDefault("APP_PREFIX", "/"), "/"),
		userHeader:    envOrDefault("USERID_HEADER", defaultUserHeader),
		userPrefix:    os.Getenv("USERID_PREFIX"),
		secureCookies: !strings.EqualFold(envOrDefault("APP_SECURE_COOKIES", "true"), "false"),
		page:          template.Must(template.New(name).Parse(crudPage)),
	}
	routes := http.NewServeMux()
	collection := "/api/namespaces/{namespace}/" + res.Path
	routes.HandleFunc("GET "+collection, app.list)
	routes.HandleFunc("POST "+collection, app.create)
	routes.HandleFunc("DELETE "+collection+"/{name}", app.delete)
	routes.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) { app.fail(w, r, http.StatusNotFound, "Not Found") })
	routes.HandleFunc("/", app.index)
	return app.withChecks(routes), nil
}

// withChecks returns a handler that rejects requests without a user, and requests for a change that may have been
// forged by the page of another site. It answers health checks itself.
func (a *webApp) withChecks(routes http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/healthz/") {
			writeJSON(w, http.StatusOK, object{"success": true, "status": http.StatusOK})
			return
		}
		if message := csrfError(r); message != "" {
			a.fail(w, r, http.StatusForbidden, message)
			return
		}
		if a.user(r) == "" {
			a.fail(w, r, http.StatusUnauthorized, "No user detected.")
			return
		}
		routes.ServeHTTP(w, r)
	})
}

// csrfError returns upstream's message about a request that may have been forged by the page of another site, or "" if
// the request is safe or has a valid CSRF token.
func csrfError(r *http.Request) string {
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

// user returns the user name of a request, or "" if the request has no user.
func (a *webApp) user(r *http.Request) string {
	return strings.ReplaceAll(r.Header.Get(a.userHeader), a.userPrefix, "")
}

// index serves the page, and sets a new CSRF cookie for the requests of the page.
func (a *webApp) index(w http.ResponseWriter, r *http.Request) {
	token := make([]byte, 32)
	rand.Read(token) // never fails
	http.SetCookie(w, &http.Cookie{
		Name:     csrfCookie,
		Value:    base64.RawURLEncoding.EncodeToString(token),
		Path:     envOrDefault("APP_PREFIX", "/"),
		Secure:   a.secureCookies,
		SameSite: http.SameSiteStrictMode,
	})
	var content strings.Builder
	values := map[string]any{"App": a.name, "Title": a.Title, "Collection": a.Path, "Field": a.Field, "Prefix": a.prefix}
	if err := a.page.Execute(&content, values); err != nil {
		a.fail(w, r, http.StatusInternalServerError, err.Error())
		return
	}
	writePage(w, []byte(content.String()))
}

func (a *webApp) list(w http.ResponseWriter, r *http.Request) {
	var list struct {
		Items []object `json:"items"`
	}
	if !a.authorize(w, r, "list") {
		return
	}
	if err := a.api.do(r.Context(), http.MethodGet, a.path(r, ""), nil, &list); err != nil {
		a.failWith(w, r, err)
		return
	}
	items := make([]object, 0, len(list.Items))
	for _, item := range list.Items {
		metadata, _ := item["metadata"].(object)
		items = append(items, object{"name": metadata["name"], "namespace": metadata["namespace"]})
	}
	a.succeed(w, r, a.Field, items)
}

func (a *webApp) create(w http.ResponseWriter, r *http.Request) {
	var request object
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&request); err != nil {
		a.fail(w, r, http.StatusBadRequest, "Request is not in JSON format.")
		return
	}
	name, _ := request["name"].(string)
	if name == "" {
		a.fail(w, r, http.StatusBadRequest, "Missing body parameter: name")
		return
	}
	if !a.authorize(w, r, "create") {
		return
	}
	if err := a.api.do(r.Context(), http.MethodPost, a.path(r, ""), a.object(name, request), nil); err != nil {
		a.failWith(w, r, err)
		return
	}
	a.succeed(w, r, "message", a.Created)
}

func (a *webApp) delete(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !a.authorize(w, r, "delete") {
		return
	}
	if err := a.api.do(r.Context(), http.MethodDelete, a.path(r, name), nil, nil); err != nil {
		a.failWith(w, r, err)
		return
	}
	a.succeed(w, r, "message", fmt.Sprintf(a.Deleted, name))
}

// authorize checks with the API server that the user has permission for a verb in the namespace of the request. If not,
// it responds with the error and returns false.
func (a *webApp) authorize(w http.ResponseWriter, r *http.Request, verb string) bool {
	namespace, user := r.PathValue("namespace"), a.user(r)
	attributes := object{"namespace": namespace, "verb": verb, "group": a.group, "resource": a.plural}
	review := object{
		"apiVersion": "authorization.k8s.io/v1",
		"kind":       "SubjectAccessReview",
		"spec":       object{"user": user, "resourceAttributes": attributes},
	}
	var result struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	path := "/apis/authorization.k8s.io/v1/subjectaccessreviews"
	if err := a.api.do(r.Context(), http.MethodPost, path, review, &result); err != nil {
		a.failWith(w, r, err)
		return false
	}
	if !result.Status.Allowed {
		kind := strings.TrimPrefix(a.group+"/"+a.version+"/"+a.plural, "/")
		a.fail(w, r, http.StatusForbidden,
			fmt.Sprintf("User '%s' is not authorized to %s %s in namespace '%s'", user, verb, kind, namespace))
	}
	return result.Status.Allowed
}

// path returns the path of an object in the namespace of a request, at the API server. If the name is empty, it returns
// the path of the collection.
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

// succeed responds with a success, and with a value in a field of the response.
func (a *webApp) succeed(w http.ResponseWriter, r *http.Request, field string, value any) {
	writeJSON(w, http.StatusOK, object{"success": true, "status": http.StatusOK, "user": a.user(r), field: value})
}

// failWith responds with an error of the API server.
func (a *webApp) failWith(w http.ResponseWriter, r *http.Request, err error) {
	status, message := errorResponse(err)
	a.fail(w, r, status, message)
}

// fail responds with an error, in the format of upstream's web apps.
func (a *webApp) fail(w http.ResponseWriter, r *http.Request, status int, message string) {
	log.Printf("%s %s: %d %s", r.Method, r.URL.Path, status, message)
	var user any // null if the request has no user, as with upstream
	if name := a.user(r); name != "" {
		user = name
	}
	writeJSON(w, status, object{"success": false, "status": status, "user": user, "log": message})
}

// newVolumeClaim returns the PersistentVolumeClaim for a request of the Volumes app.
func newVolumeClaim(name string, request object) object {
	field := func(key, fallback string) string {
		if value, _ := request[key].(string); value != "" {
			return value
		}
		return fallback
	}
	spec := object{
		"accessModes": []string{field("mode", "ReadWriteOnce")},
		"resources":   object{"requests": object{"storage": field("size", "1Gi")}},
	}
	switch class := field("class", "{empty}"); class {
	case "{empty}": // the default class of the cluster
	case "{none}":
		spec["storageClassName"] = ""
	default:
		spec["storageClassName"] = class
	}
	return object{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": object{"name": name}, "spec": spec}
}

// newTensorboard returns the Tensorboard for a request: the directory of the logs is required, and each configuration is a
// label that selects a PodDefault.
func newTensorboard(name string, request object) object {
	labels := object{}
	configurations, _ := request["configurations"].([]any)
	for _, configuration := range configurations {
		labels[fmt.Sprint(configuration)] = "true"
	}
	return object{
		"apiVersion": "tensorboard.kubeflow.org/v1alpha1",
		"kind":       "Tensorboard",
		"metadata":   object{"name": name, "labels": labels},
		"spec":       object{"logspath": request["logspath"]},
	}
}

// customResource returns a function that returns custom resources of a kind. The cluster has no controller for them, so
// the request is only recorded in their spec.
func customResource(version, kind string) func(string, object) object {
	return func(name string, request object) object {
		return object{"apiVersion": version, "kind": kind, "metadata": object{"name": name}, "spec": object{"request": request}}
	}
}
