// Command k3d-proxy is the load balancer of a k3d cluster: nginx, forwarding as k3d's values file says.
//
// k3d writes that file before it starts the container, and again whenever nodes are added. Each time it waits until
// nginx says "start worker processes", or else looks for "host not found in upstream", in the container's log.
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
	// k3d gives a changed file five seconds to take effect.
	lookEvery = 500 * time.Millisecond
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("k3d-proxy: ")
	// Of an earlier start of the same container; nginx must not take its number for a process that runs.
	if err := os.Remove(pidFile); err != nil && !os.IsNotExist(err) {
		log.Fatal(err)
	}
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	p := &proxy{values: valuesFile, config: configFile, nginx: "/usr/sbin/nginx"}
	os.Exit(p.run(ctx, time.NewTicker(lookEvery).C))
}
