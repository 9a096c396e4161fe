// Command webapp sits in the seats of Kubeflow's programs that no package registry serves.
//
// One binary, whose first argument says which part it plays:
//
//	dashboard          the central dashboard: its page, and what it says of the user and the user's namespaces
//	crud APP           one of the web apps that create things: Jupyter, Volumes, TensorBoards, KServe's models
//	profiles           the profile controller: for every Profile a namespace, with what is to be in it
//	authservice URL    in front of an OIDC proxy at URL: the log-out and the pages that authservice has
//	idle NAME PORT…    anything else: answers 200 at every path of each port; PORT/https has a certificate of its own
//
// Every page and answer for people says that a stand-in gives it. What browsers, the gateway and the API server see,
// paths, headers, cookies, status codes and words of refusal, is what upstream's programs of release 1.7 show.
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
	// The first process of a container must end by itself when it is asked to: the kernel does not do it.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := play(ctx, os.Args[1:]); err != nil {
		log.Fatalf("webapp: %v", err)
	}
}

// play plays the part that the arguments name, until the context ends.
func play(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("say which part to play: dashboard, crud, profiles, authservice or idle")
	}
	part, rest := arguments[0], arguments[1:]
	switch {
	case part == "dashboard" && len(rest) == 0:
		api, err := inCluster()
		if err != nil {
			return err
		}
		return serve(ctx, map[string]http.Handler{":8082": newDashboard(api, setting("USERID_HEADER", defaultUserHeader))})
	case part == "crud" && len(rest) == 1:
		api, err := inCluster()
		if err != nil {
			return err
		}
		app, err := newWebApp(api, rest[0])
		if err != nil {
			return err
		}
		return serve(ctx, map[string]http.Handler{":5000": app})
	case part == "profiles" && len(rest) == 0:
		api, err := inCluster()
		if err != nil {
			return err
		}
		go reconcile(ctx, api, time.Second)
		return serve(ctx, map[string]http.Handler{":9876": idle("profile-controller")})
	case part == "authservice" && len(rest) == 1:
		return serveAuthservice(ctx, rest[0])
	case part == "idle" && len(rest) > 0:
		return serveIdle(ctx, rest[0], rest[1:])
	}
	return fmt.Errorf("no part is called %q with %d arguments", part, len(rest))
}

// setting reads an environment variable; unset or empty, it has its default.
func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
