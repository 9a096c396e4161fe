package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

//go:embed dashboard.html
var dashboardPage []byte

const (
	// anonymous is the user name that upstream's dashboard assigns to a request without a user header.
	anonymous = "anonymous@kubeflow.org"
	// unknownVersion is the version that upstream's dashboard reports, since Kubeflow has no Application object.
	unknownVersion = "unknown"
	kfamTimeout    = 10 * time.Second
)

// simpleRoles contains the dashboard's names of the roles in a namespace.
var simpleRoles = map[string]string{"admin": "owner", "edit": "contributor"}

// dashboard identifies the user by the header that the gateway sets, and asks KFAM for the user's namespaces.
type dashboard struct {
	kfam              string // URL
	client            *http.Client
	userHeader        string
	userPrefix        string // removed from the user name
	logoutURL         string
	allowRegistration bool
}

// workgroup is the user of a request, with the user's namespaces.
type workgroup struct {
	user           string
	authenticated  bool
	isClusterAdmin bool
	bindings       []binding
}

// binding is the role of a user in a namespace.
type binding struct {
	User      string `json:"user"`
	Namespace string `json:"namespace"`
	Role      string `json:"role"`
}

// kfamError is an error response of KFAM.
type kfamError struct {
	status  int
	message string
}

func (e *kfamError) Error() string { return fmt.Sprintf("%d: %s", e.status, e.message) }

// newDashboard returns the dashboard with the settings in the environment. Kubernetes itself sets the address of KFAM,
// because it is a Service in the same namespace.
func newDashboard() http.Handler {
	host, port := envOrDefault("PROFILES_KFAM_SERVICE_HOST", "profiles-kfam.kubeflow"), envOrDefault("PROFILES_KFAM_SERVICE_PORT", "8081")
	// Like upstream's dashboard, the stand-in opens a connection for each request, so that an open one to a pod that the
	// Service does not select any more cannot hide that KFAM is unreachable.
	transport := &http.Transport{DisableKeepAlives: true}
	board := &dashboard{
		kfam:              "http://" + net.JoinHostPort(host, port) + "/kfam",
		client:            &http.Client{Transport: transport, Timeout: kfamTimeout},
		userHeader:        envOrDefault("USERID_HEADER", defaultUserHeader),
		userPrefix:        os.Getenv("USERID_PREFIX"),
		logoutURL:         envOrDefault("LOGOUT_URL", "/logout"),
		allowRegistration: strings.EqualFold(envOrDefault("REGISTRATION_FLOW", "true"), "true"),
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /api/workgroup/exists", board.handle(board.workgroupExists))
	routes.HandleFunc("GET /api/workgroup/env-info", board.handle(board.environmentInfo))
	routes.HandleFunc("GET /api/namespaces", board.handle(listNamespaces))
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

// handle returns a handler that responds with the result of a function of the user and the user's namespaces.
func (d *dashboard) handle(result func(workgroup) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		group, err := d.findWorkgroup(r)
		if err != nil {
			status, message := http.StatusBadRequest, "stand-in for the dashboard: KFAM does not answer"
			if failure, isResponse := err.(*kfamError); isResponse {
				status, message = failure.status, failure.message
			}
			log.Printf("request to KFAM: %v", err)
			writeJSON(w, status, object{"error": message})
			return
		}
		writeJSON(w, http.StatusOK, result(group))
	}
}

// findWorkgroup returns the user of a request, and the user's namespaces. A request without a user header belongs to no
// user; upstream would show it all namespaces, this stand-in shows it none.
func (d *dashboard) findWorkgroup(r *http.Request) (workgroup, error) {
	header := r.Header.Get(d.userHeader)
	if header == "" {
		return workgroup{user: anonymous, bindings: []binding{}}, nil
	}
	group := workgroup{user: strings.TrimPrefix(header, d.userPrefix), authenticated: true, bindings: []binding{}}
	query := "?user=" + url.QueryEscape(group.user)
	if err := d.ask(r.Context(), "/v1/role/clusteradmin"+query, header, &group.isClusterAdmin); err != nil {
		return group, err
	}
	var list struct {
		Bindings []namespaceBinding `json:"bindings"`
	}
	if err := d.ask(r.Context(), "/v1/bindings"+query, header, &list); err != nil {
		return group, err
	}
	for _, item := range list.Bindings {
		group.bindings = append(group.bindings, binding{User: item.User.Name, Namespace: item.Namespace, Role: simpleRoles[item.Role.Name]})
	}
	return group, nil
}

// ask requests a path of KFAM for a user, and decodes the response.
func (d *dashboard) ask(ctx context.Context, path, user string, result any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.kfam+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set(d.userHeader, user)
	response, err := d.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		message := make([]byte, 1<<10)
		length, _ := response.Body.Read(message)
		return &kfamError{response.StatusCode, string(message[:length])}
	}
	return json.NewDecoder(response.Body).Decode(result)
}

func (d *dashboard) workgroupExists(group workgroup) any {
	owns := false
	for _, binding := range group.bindings {
		owns = owns || binding.Role == "owner"
	}
	return object{
		"user":                    strings.Split(group.user, "@")[0],
		"hasAuth":                 group.authenticated,
		"hasWorkgroup":            owns,
		"registrationFlowAllowed": d.allowRegistration,
	}
}

func (d *dashboard) environmentInfo(group workgroup) any {
	return object{
		"user":           group.user,
		"isClusterAdmin": group.isClusterAdmin,
		"namespaces":     group.bindings,
		"platform": object{
			"provider":        "other://stand-in",
			"providerName":    "other",
			"kubeflowVersion": unknownVersion,
			"logoutUrl":       d.logoutURL,
		},
	}
}

func listNamespaces(group workgroup) any {
	list := make([]object, 0, len(group.bindings))
	for _, binding := range group.bindings {
		list = append(list, object{"metadata": object{"name": binding.Namespace}})
	}
	return list
}
