package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"time"
)

const defaultUserHeader = "kubeflow-userid"

// serve listens at addresses, each with its handler, until the context ends or one of them fails.
func serve(ctx context.Context, handlers map[string]http.Handler) error {
	listeners := make(map[net.Listener]http.Handler)
	for address, handler := range handlers {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		listeners[listener] = handler
	}
	return serveOn(ctx, listeners)
}

func serveOn(ctx context.Context, listeners map[net.Listener]http.Handler) error {
	failed := make(chan error, len(listeners))
	for listener, handler := range listeners {
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		defer server.Close()
		go func() { failed <- server.Serve(listener) }()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// answer writes a value as JSON.
func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Printf("answering: %v", err)
	}
}

// page writes an HTML page, which no one is to keep.
func page(w http.ResponseWriter, content []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache, no-store, must-revalidate, max-age=0")
	if _, err := w.Write(content); err != nil {
		log.Printf("answering: %v", err)
	}
}

// statusOf says with which status and words an error of the API server is passed on.
func statusOf(err error) (int, string) {
	var refused *apiError
	if errors.As(err, &refused) {
		if refused.Status == http.StatusNotFound {
			return refused.Status, "The requested resource could not be found in the API Server"
		}
		return refused.Status, refused.Message
	}
	log.Printf("asking the API server: %v", err)
	return http.StatusInternalServerError, "An error occured in the backend."
}
