// Command node is the entrypoint of the lab's k3d node image: a complete Kubernetes in one container, or a further node
// of such a cluster, with the command line of k3s. It is a stand-in for k3s.
//
// k3d starts its node image as `k3s server …` or `k3s agent`, writes files into it, reads a kubeconfig from it, and waits
// for certain lines in its log. This program supports all of that, and runs the upstream programs instead of k3s. The
// code that meets an expectation of k3d cites it, as a path in the module github.com/k3d-io/k3d/v5@v5.6.0.
package main

import (
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	started := time.Now()
	if os.Getpid() == 1 {
		os.Exit(runAsInit())
	}
	log.SetOutput(os.Stdout) // `docker logs` shows the standard output, and k3d reads it
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	if err := run(os.Args[1:], started); err != nil {
		// k3d waits for another attempt only if the last line of the log contains "level=fatal" (pkg/client/node.go,
		// NodeWaitForLogMessage). Another attempt would fail in the same way, so this line does not contain it.
		log.Printf("the node failed: %v", err)
		os.Exit(1)
	}
}

// run runs the node until a signal stops it, or until a program fails.
func run(args []string, started time.Time) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)

	options, err := parseOptions(args, os.Getenv)
	if err != nil {
		return err
	}
	for _, note := range options.notes {
		log.Print(note)
	}
	node, err := prepare(options)
	if err != nil {
		return err
	}

	children := newSupervisor(logDirectory)
	failed := make(chan error, 1)
	go func() {
		if err := startServices(node, children, started); err != nil {
			failed <- err
		}
	}()
	select {
	case received := <-signals:
		log.Printf("received the signal %v, stopping the programs", received)
		children.stop()
		return nil
	case err = <-children.failed:
	case err = <-failed:
	}
	children.stop()
	return err
}
