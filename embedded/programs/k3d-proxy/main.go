// Command k3d-proxy is the load balancer of a k3d cluster: it runs nginx with the configuration of k3d's values file.
// It is a stand-in for k3d's own image k3d-proxy.
//
// k3d writes the values file before it starts the container, and again whenever nodes are added. Each time it waits for
// the message "start worker processes" of nginx in the container's log, or else searches the log for "host not found in
// upstream".
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	valuesFile = "/etc/confd/values.yaml"
	configFile = "/etc/nginx/nginx.conf"
	pidFile    = "/run/nginx.pid"
	// k3d waits five seconds for a changed file to take effect.
	checkInterval = 500 * time.Millisecond
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("k3d-proxy: ")
	// The file is from an earlier start of the same container; nginx must not mistake its number for a running process.
	if err := os.Remove(pidFile); err != nil && !os.IsNotExist(err) {
		log.Fatal(err)
	}
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	p := &proxy{values: valuesFile, config: configFile, nginx: "/usr/sbin/nginx"}
	os.Exit(p.run(ctx, time.NewTicker(checkInterval).C))
}
