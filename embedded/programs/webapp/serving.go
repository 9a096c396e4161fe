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

// serve listens on addresses, each with its handler, until the context is done or a server fails.
func serve(ctx context.Context, handlers map[string]http.Handler) error {
	listeners := make(map[net.Listener]http.Handler)
	for address, handler := range handlers {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		listeners[listener] = handler
	}
	return serveListeners(ctx, listeners)
}

// serveListeners serves HTTP/1.1 and HTTP/2 on open listeners until the context is done or a server fails.
func serveListeners(ctx context.Context, listeners map[net.Listener]http.Handler) error {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	failed := make(chan error, len(listeners))
	for listener, handler := range listeners {
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, Protocols: protocols}
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

// writeJSON responds with a value as JSON.
func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Printf("writing a response: %v", err)
	}
}

// writePage responds with an HTML page that must not be cached.
func writePage(w http.ResponseWriter, content []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache, no-store, must-revalidate, max-age=0")
	if _, err := w.Write(content); err != nil {
		log.Printf("writing a response: %v", err)
	}
}

// errorResponse returns the HTTP status and the message with which the web apps report an error of the API server.
func errorResponse(err error) (int, string) {
	var failure *apiError
	if errors.As(err, &failure) {
		if failure.Status == http.StatusNotFound {
			return failure.Status, "The requested resource could not be found in the API Server"
		}
		return failure.Status, failure.Message
	}
	log.Printf("request to the API server: %v", err)
	return http.StatusInternalServerError, "An error occured in the backend."
}
