package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"strings"
	"time"
)

const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

// object is a Kubernetes object, or a part of one.
type object = map[string]any

// api is the API server, asked as the ServiceAccount of a pod.
type api struct {
	url    string
	client *http.Client
	token  func() (string, error)
}

// apiError is a refusal of the API server.
type apiError struct {
	Status  int    `json:"code"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%d: %s", e.Status, e.Message) }

// inCluster finds the API server from inside of a pod.
func inCluster() (*api, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
	}
	authority, err := os.ReadFile(path.Join(accountFolder, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 4}
	return &api{
		url:    "https://" + net.JoinHostPort(host, port),
		client: &http.Client{Transport: transport, Timeout: 10 * time.Second},
		token: func() (string, error) { // read each time: the kubelet renews it
			token, err := os.ReadFile(path.Join(accountFolder, "token"))
			return strings.TrimSpace(string(token)), err
		},
	}, nil
}

// ask sends a request and reads the answer into `into`, unless that is nil; a refusal is an *apiError.
func (a *api) ask(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, content)
	if err != nil {
		return err
	}
	token, err := a.token()
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		refused := &apiError{}
		if json.NewDecoder(response.Body).Decode(refused) != nil || refused.Status == 0 {
			refused.Status = response.StatusCode
		}
		return refused
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// create creates an object unless it is there.
func (a *api) create(ctx context.Context, path string, what object) error {
	err := a.ask(ctx, http.MethodPost, path, what, nil)
	var refused *apiError
	if errors.As(err, &refused) && refused.Status == http.StatusConflict {
		return nil
	}
	return err
}

// profile is what a Profile says that anybody here wants to know.
type profile struct {
	Metadata struct {
		Name string `json:"name"`
		UID  string `json:"uid"`
	} `json:"metadata"`
	Spec struct {
		Owner struct {
			Kind string `json:"kind"`
			Name string `json:"name"`
		} `json:"owner"`
	} `json:"spec"`
}

// profiles lists all Profiles.
func (a *api) profiles(ctx context.Context) ([]profile, error) {
	var list struct {
		Items []profile `json:"items"`
	}
	err := a.ask(ctx, http.MethodGet, "/apis/kubeflow.org/v1/profiles", nil, &list)
	return list.Items, err
}
