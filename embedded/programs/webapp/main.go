// Command webapp implements stand-ins for programs of Kubeflow that no package registry serves.
//
// The first argument selects the role of the process:
//
//	dashboard                the central dashboard: its page, and its API about the user and the user's namespaces
//	kfam                     KFAM, which lists and changes the bindings of users to namespaces
//	crud APP                 a web app that creates resources: Jupyter, Volumes, TensorBoards or KServe's models
//	profiles [IMAGE IMAGE]   the profile controller: creates a namespace, with the objects in it, for every Profile; the
//	                         images are those of the workloads of Pipelines in it, which are not created without them
//	authservice              oidc-authservice: runs /oauth2-proxy, and adds what it lacks, such as the logout
//	idle NAME PORT…          any other program: answers probes and reviews on each port, and other requests with 501
//	prepare-image            no program: creates the directories of an image that its Dockerfile cannot create
//
// Without a role, the process is a container of the manifests, or one of its exec probes, if the image has the file
// /stand-in.json; see container.go.
//
// Every page and every text for users states that it comes from a stand-in. Everything that browsers, the gateway and
// the API server observe is the same as with upstream's programs of release 1.7: paths, headers, cookies, status codes
// and error messages.
package main

import (
	"context"
	"fmt"
	"log"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// unlimited is the number of arguments that a role accepts if it accepts any number.
const unlimited = 1 << 10

// role is a role of the process, with the numbers of arguments that it accepts.
type role struct {
	least, most int
	run         func(ctx context.Context, arguments []string) error
}

// roles contains the roles by name.
var roles = map[string]role{
	"dashboard":     {0, 0, runDashboard},
	"kfam":          {0, 0, runKFAM},
	"crud":          {1, 1, runWebApp},
	"profiles":      {0, 2, runProfiles},
	"authservice":   {0, 0, runAuthservice},
	"idle":          {1, unlimited, runIdle},
	"prepare-image": {0, 0, prepareImage},
}

func main() {
	// Process 1 of a container must handle SIGTERM itself: the kernel does not apply the default action to it.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := start(ctx, os.Args, containersFile); err != nil {
		log.Fatalf("webapp: %v", err)
	}
}

// start runs the role in the arguments of a process. If they contain none, it runs the container or the exec probe of
// the image that the process belongs to.
func start(ctx context.Context, argv []string, file string) error {
	if len(argv) > 1 && roles[argv[1]].run != nil {
		return run(ctx, argv[1:])
	}
	containers, err := readContainers(file)
	if err != nil {
		return err
	}
	if containers == nil {
		return run(ctx, argv[1:])
	}
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	return runContainer(ctx, containers, hostname, argv)
}

// run runs the role in the arguments until the context is done.
func run(ctx context.Context, arguments []string) error {
	names := strings.Join(slices.Sorted(maps.Keys(roles)), ", ")
	if len(arguments) == 0 {
		return fmt.Errorf("no role given: expected one of %s", names)
	}
	selected, found := roles[arguments[0]]
	if !found {
		return fmt.Errorf("unknown role %q: expected one of %s", arguments[0], names)
	}
	if rest := arguments[1:]; len(rest) >= selected.least && len(rest) <= selected.most {
		return selected.run(ctx, rest)
	}
	return fmt.Errorf("the role %s does not accept %d arguments", arguments[0], len(arguments)-1)
}

func runDashboard(ctx context.Context, _ []string) error {
	return serve(ctx, map[string]http.Handler{":8082": newDashboard()})
}

func runKFAM(ctx context.Context, _ []string) error {
	api, err := newInClusterAPI()
	if err != nil {
		return err
	}
	return serve(ctx, map[string]http.Handler{":8081": newAccessManagement(api)})
}

func runWebApp(ctx context.Context, arguments []string) error {
	api, err := newInClusterAPI()
	if err != nil {
		return err
	}
	app, err := newWebApp(api, arguments[0])
	if err != nil {
		return err
	}
	return serve(ctx, map[string]http.Handler{":5000": app})
}

func runProfiles(ctx context.Context, images []string) error {
	workloads, err := newPipelineWorkloads(images)
	if err != nil {
		return err
	}
	api, err := newInClusterAPI()
	if err != nil {
		return err
	}
	controller := &profileController{api: api, labelsFile: namespaceLabelsFile, workloads: workloads}
	go controller.reconcile(ctx, time.Second)
	return serve(ctx, map[string]http.Handler{":9876": newStandInHandler("profile-controller")})
}

func runIdle(ctx context.Context, arguments []string) error {
	ports := make([]int, 0, len(arguments)-1)
	for _, argument := range arguments[1:] {
		port, err := strconv.ParseUint(argument, 10, 16)
		if err != nil {
			return fmt.Errorf("invalid port %q", argument)
		}
		ports = append(ports, int(port))
	}
	return servePorts(ctx, arguments[0], ports, nil)
}

// prepareImage creates /tmp as every Linux has it: a Dockerfile without a shell cannot set the mode of a directory.
func prepareImage(context.Context, []string) error {
	directory := filepath.Join("/", "tmp")
	if err := os.MkdirAll(directory, 0o777); err != nil {
		return err
	}
	return os.Chmod(directory, 0o777|os.ModeSticky) // regardless of the umask
}

// envOrDefault returns the value of an environment variable, or a default if it is unset or empty.
func envOrDefault(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
