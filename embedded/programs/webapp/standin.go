package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
)

// kubeletAgent is the beginning of the User-Agent header of the kubelet's probes.
const kubeletAgent = "kube-probe/"

// newStandInHandler returns a handler for a component that has no role: it answers the kubelet's probes, health checks
// and the reviews of webhooks. It answers every other request with 501, so that no client takes the response for that
// of the component.
func newStandInHandler(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isGRPC(r):
			answerGRPC(w, r, name)
		case strings.HasPrefix(r.UserAgent(), kubeletAgent):
			fmt.Fprintf(w, "stand-in for %s\n", name)
		case isJSON(r):
			answerReview(w, r, name)
		default:
			refuse(w, r, name)
		}
	})
}

// refuse responds with 501.
func refuse(w http.ResponseWriter, r *http.Request, name string) {
	message := fmt.Sprintf("stand-in for %s: it answers probes and reviews only, and does not implement %s", name, r.URL.Path)
	http.Error(w, message, http.StatusNotImplemented)
}

// servePorts listens on ports until the context is done, each for HTTP and HTTPS. Without a port it only waits. A port
// that is not available is skipped: another container of the pod may listen on it.
func servePorts(ctx context.Context, name string, ports []int, directories []string) error {
	handler := newStandInHandler(name)
	source, err := newCertificateSource(name, directories)
	if err != nil {
		return err
	}
	listeners := make(map[net.Listener]http.Handler)
	for _, port := range ports {
		listener, err := net.Listen("tcp", ":"+strconv.Itoa(port))
		if errors.Is(err, syscall.EADDRINUSE) {
			log.Printf("port %d is in use, probably by another container of this pod; it is skipped", port)
			continue
		}
		if err != nil {
			log.Printf("port %d is skipped: %v", port, err)
			continue
		}
		listeners[newSniffingListener(listener, source)] = handler
	}
	return serveListeners(ctx, listeners)
}
