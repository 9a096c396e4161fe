package main

import (
	"context"
	_ "embed"
	"net/http"
)

//go:embed dashboard.html
var dashboardPage []byte

// anonymous is who upstream's dashboard takes a request for that no user is named in.
const anonymous = "anonymous@kubeflow.org"

// dashboard knows the user from the header that the gateway sets, and the user's namespaces from the Profiles.
type dashboard struct {
	api    *api
	header string
}

// binding is a user's part in a namespace.
type binding struct {
	User      string `json:"user"`
	Namespace string `json:"namespace"`
	Role      string `json:"role"`
}

func newDashboard(api *api, header string) http.Handler {
	board := &dashboard{api: api, header: header}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /api/workgroup/exists", board.told(exists))
	routes.HandleFunc("GET /api/workgroup/env-info", board.told(environment))
	routes.HandleFunc("GET /api/namespaces", board.told(namespaces))
	routes.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusNotFound, object{"error": "Could not find the route you're looking for"})
	})
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, object{"status": http.StatusOK, "message": "I tick, therefore I am!"})
	})
	// The page finds out by itself what to show at a path, as upstream's does.
	routes.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { page(w, dashboardPage) })
	return routes
}

// user says who asks, and whether that is known at all.
func (d *dashboard) user(r *http.Request) (string, bool) {
	if user := r.Header.Get(d.header); user != "" {
		return user, true
	}
	return anonymous, false
}

// told answers with what is to be said to the user who asks, of the namespaces that are theirs.
func (d *dashboard) told(say func(user string, known bool, bindings []binding) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, known := d.user(r)
		bindings, err := d.bindings(r.Context(), user)
		if err != nil {
			status, message := statusOf(err)
			answer(w, status, object{"error": message})
			return
		}
		answer(w, http.StatusOK, say(user, known, bindings))
	}
}

func exists(user string, known bool, bindings []binding) any {
	return object{
		"user":                    user,
		"hasAuth":                 known,
		"hasWorkgroup":            len(bindings) > 0,
		"registrationFlowAllowed": false,
	}
}

func environment(user string, _ bool, bindings []binding) any {
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
	for _, one := range bindings {
		list = append(list, object{"metadata": object{"name": one.Namespace}})
	}
	return list
}

// bindings lists the namespaces that a user owns.
func (d *dashboard) bindings(ctx context.Context, user string) ([]binding, error) {
	profiles, err := d.api.profiles(ctx)
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
