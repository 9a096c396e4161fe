package main

import (
	"context"
	_ "embed"
	"net/http"
)

//go:embed dashboard.html
var dashboardPage []byte

// anonymous is the user name that upstream's dashboard assigns to a request without a user header.
const anonymous = "anonymous@kubeflow.org"

// dashboard identifies the user by the header that the gateway sets, and the user's namespaces by their Profiles.
type dashboard struct {
	api        *api
	userHeader string
}

// binding is the role of a user in a namespace.
type binding struct {
	User      string `json:"user"`
	Namespace string `json:"namespace"`
	Role      string `json:"role"`
}

func newDashboard(api *api, userHeader string) http.Handler {
	board := &dashboard{api: api, userHeader: userHeader}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /api/workgroup/exists", board.handle(workgroupExists))
	routes.HandleFunc("GET /api/workgroup/env-info", board.handle(environmentInfo))
	routes.HandleFunc("GET /api/namespaces", board.handle(namespaces))
	routes.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusNotFound, object{"error": "Could not find the route you're looking for"})
	})
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, object{"status": http.StatusOK, "message": "I tick, therefore I am!"})
	})
	// All other paths return the same page, whose script selects the content by the path, as upstream's does.
	routes.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { writePage(w, dashboardPage) })
	return routes
}

// user returns the user name of a request, and reports whether the request has a user header.
func (d *dashboard) user(r *http.Request) (string, bool) {
	if user := r.Header.Get(d.userHeader); user != "" {
		return user, true
	}
	return anonymous, false
}

// handle returns a handler that responds with the result of a function of the user and of the user's namespaces.
func (d *dashboard) handle(result func(user string, authenticated bool, bindings []binding) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, authenticated := d.user(r)
		bindings, err := d.listBindings(r.Context(), user)
		if err != nil {
			status, message := errorResponse(err)
			writeJSON(w, status, object{"error": message})
			return
		}
		writeJSON(w, http.StatusOK, result(user, authenticated, bindings))
	}
}

func workgroupExists(user string, authenticated bool, bindings []binding) any {
	return object{
		"user":                    user,
		"hasAuth":                 authenticated,
		"hasWorkgroup":            len(bindings) > 0,
		"registrationFlowAllowed": false,
	}
}

func environmentInfo(user string, _ bool, bindings []binding) any {
	return object{
		"user":           user,
		"isClusterAdmin": false,
		"namespaces":     bindings,
		"platform": object{
			"provider":        "other://stand-in",
			"providerName":    "other",
			"kubeflowVersion": "1.7.0",
		},
	}
}

func namespaces(_ string, _ bool, bindings []binding) any {
	list := make([]object, 0, len(bindings))
	for _, binding := range bindings {
		list = append(list, object{"metadata": object{"name": binding.Namespace}})
	}
	return list
}

// listBindings returns the namespaces that a user owns.
func (d *dashboard) listBindings(ctx context.Context, user string) ([]binding, error) {
	profiles, err := d.api.listProfiles(ctx)
	if err != nil {
		return nil, err
	}
	owned := []binding{}
	for _, profile := range profiles {
		if profile.Spec.Owner.Name == user {
			owned = append(owned, binding{User: user, Namespace: profile.Metadata.Name, Role: "owner"})
		}
	}
	return owned, nil
}
