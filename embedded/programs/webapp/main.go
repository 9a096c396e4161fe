// Command webapp implements stand-ins for programs of Kubeflow that no package registry serves.
//
// The first argument selects the role of the process:
//
//	dashboard          the central dashboard: its page, and its API about the user and the user's namespaces
//	crud APP           a web app that creates resources: Jupyter, Volumes, TensorBoards or KServe's models
//	profiles           the profile controller: creates a namespace, with the objects in it, for every Profile
//	authservice URL    oidc-authservice, with the OIDC proxy at URL: adds the logout and the pages that the proxy lacks
//	idle NAME PORT…    any other program: responds to the kubelet's probes on each port, and to other requests with 501;
//	                   PORT/https serves HTTPS
//
// Every page and every text for users states that it comes from a stand-in. Everything that browsers, the gateway and
// the API server observe is the same as with upstream's programs of release 1.7: paths, headers, cookies, status codes
// and error messages.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	// Process 1 of a container must handle SIGTERM itself: the kernel does not apply the default action to it.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatalf("webapp: %v", err)
	}
}

// run runs the role in the arguments until the context is done.
func run(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("no role given: expected dashboard, crud, profiles, authservice or idle")
	}
	role, rest := arguments[0], arguments[1:]
	switch {
	case role == "dashboard" && len(rest) == 0:
		api, err := newInClusterAPI()
		if err != nil {
			return err
		}
		return serve(ctx, map[string]http.Handler{":8082": newDashboard(api, envOrDefault("USERID_HEADER", defaultUserHeader))})
	case role == "crud" && len(rest) == 1:
		api, err := newInClusterAPI()
		if err != nil {
			return err
		}
		app, err := newWebApp(api, rest[0])
		if err != nil {
			return err
		}
		return serve(ctx, map[string]http.Handler{":5000": app})
	case role == "profiles" && len(rest) == 0:
		api, err := newInClusterAPI()
		if err != nil {
			return err
		}
		go reconcileProfiles(ctx, api, time.Second)
		return serve(ctx, map[string]http.Handler{":9876": newIdleHandler("profile-controller")})
	case role == "authservice" && len(rest) == 1:
		return serveAuthservice(ctx, rest[0])
	case role == "idle" && len(rest) > 0:
		return serveIdle(ctx, rest[0], rest[1:])
	}
	return fmt.Errorf("no role %q with %d arguments", role, len(rest))
}

// envOrDefault returns the value of an environment variable, or a default if it is unset or empty.
func envOrDefault(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
