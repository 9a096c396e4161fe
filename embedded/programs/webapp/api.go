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
	"net/url"
	"os"
	"path"
	"strings"
	"time"
)

const accountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

// object is a Kubernetes object, or a part of one.
type object = map[string]any

// api is a client of the API server, with the credentials of a pod's ServiceAccount.
type api struct {
	url    string
	client *http.Client
	token  func() (string, error)
}

// apiError is an error response of the API server.
type apiError struct {
	Status  int    `json:"code"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%d: %s", e.Status, e.Message) }

// newInClusterAPI returns a client for the API server of the cluster in which this pod runs.
func newInClusterAPI() (*api, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
	}
	authority, err := os.ReadFile(path.Join(accountDirectory, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 4}
	return &api{
		url:    "https://" + net.JoinHostPort(host, port),
		client: &http.Client{Transport: transport, Timeout: 10 * time.Second},
		token: func() (string, error) { // read for each request, because the kubelet renews it
			token, err := os.ReadFile(path.Join(accountDirectory, "token"))
			return strings.TrimSpace(string(token)), err
		},
	}, nil
}

// do sends a request and decodes the response into result, unless result is nil. An error response is an *apiError.
func (a *api) do(ctx context.Context, method, path string, body, result any) error {
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
		failure := &apiError{}
		if json.NewDecoder(response.Body).Decode(failure) != nil || failure.Status == 0 {
			failure.Status = response.StatusCode
		}
		return failure
	}
	if result == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(result)
}

// create creates an object in a collection, unless it exists.
func (a *api) create(ctx context.Context, collection string, obj object) error {
	err := a.do(ctx, http.MethodPost, collection, obj, nil)
	var failure *apiError
	if errors.As(err, &failure) && failure.Status == http.StatusConflict {
		return nil
	}
	return err
}

// profile contains the fields of a Profile that this program uses.
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

// getProfile returns the Profile with a name.
func (a *api) getProfile(ctx context.Context, name string) (profile, error) {
	var found profile
	err := a.do(ctx, http.MethodGet, profilesPath+"/"+url.PathEscape(name), nil, &found)
	return found, err
}

// listProfiles returns all Profiles of the cluster.
func (a *api) listProfiles(ctx context.Context) ([]profile, error) {
	var list struct {
		Items []profile `json:"items"`
	}
	err := a.do(ctx, http.MethodGet, profilesPath, nil, &list)
	return list.Items, err
}
