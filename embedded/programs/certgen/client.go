package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	accountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"
	// Shorter than the deadline of the chart's hooks, so that the error of the last attempt is in the log of the Job.
	requestTimeout = 20 * time.Second
)

// object is a Kubernetes object as JSON.
type object = map[string]any

// client sends requests to the API server as the ServiceAccount of the pod.
type client struct {
	url, token string
	http       *http.Client
}

// statusError is the answer of an API server that rejects a request.
type statusError struct {
	request, message string
	status           int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s: %d: %s", e.request, e.status, e.message)
}

// newClusterClient returns a client for the cluster in which the program runs as a pod.
func newClusterClient() (*client, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
	}
	return newClient("https://"+net.JoinHostPort(host, port), accountDirectory)
}

// newClient returns a client with the token and the certificate authority in the directory of a ServiceAccount.
func newClient(url, account string) (*client, error) {
	token, err := os.ReadFile(filepath.Join(account, "token"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(account, "ca.crt"))
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s has no certificate", filepath.Join(account, "ca.crt"))
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}}
	return &client{
		url:   url,
		token: strings.TrimSpace(string(token)),
		http:  &http.Client{Transport: transport, Timeout: requestTimeout},
	}, nil
}

// get returns an object.
func (c *client) get(path string) (object, error) {
	content, err := c.send(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	var found object
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if err := decoder.Decode(&found); err != nil {
		return nil, fmt.Errorf("GET %s: %w", path, err)
	}
	return found, nil
}

// create creates an object in the collection of a path.
func (c *client) create(path string, created object) error {
	_, err := c.send(http.MethodPost, path, created)
	return err
}

// replace replaces the object of a path. It fails if the object was changed since it was read.
func (c *client) replace(path string, replacement object) error {
	_, err := c.send(http.MethodPut, path, replacement)
	return err
}

// send returns the body of the API server's answer. The error is a *statusError if the API server rejects the request.
func (c *client) send(method, path string, body object) ([]byte, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, c.url+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	received, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return nil, &statusError{method + " " + path, describe(received), answer.StatusCode}
	}
	return received, nil
}

// describe returns the message of a Status object of the API server, or the body itself.
func describe(body []byte) string {
	var status struct{ Message string }
	if json.Unmarshal(body, &status) == nil && status.Message != "" {
		return status.Message
	}
	return strings.TrimSpace(string(body))
}
