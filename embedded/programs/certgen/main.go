// Command certgen does what the two Jobs of the chart ingress-nginx ask for: `create` stores a certificate for the
// admission webhook in a Secret, and `patch` makes the API server trust it.
//
// It is a stand-in for kube-webhook-certgen, with the arguments that the chart uses. It calls the API server with net/http
// instead of client-go, so that its image is small and is pulled in no time: each install of the chart waits for both Jobs.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

const usage = "expected the command create or patch"

// arguments are the command and its flags.
type arguments struct {
	command, namespace, secret, webhook, failurePolicy string
	hosts                                              []string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "certgen: %v\n", err)
		os.Exit(1)
	}
}

func run(texts []string) error {
	given, err := parseArguments(texts)
	if err != nil {
		return err
	}
	client, err := newClusterClient()
	if err != nil {
		return err
	}
	if given.command == "create" {
		return createSecret(client, given, time.Now())
	}
	return patchWebhooks(client, given)
}

// parseArguments returns the command and its flags, as the chart gives them.
func parseArguments(texts []string) (arguments, error) {
	if len(texts) == 0 || (texts[0] != "create" && texts[0] != "patch") {
		return arguments{}, errors.New(usage)
	}
	given := arguments{command: texts[0]}
	flags := flag.NewFlagSet(given.command, flag.ContinueOnError)
	hosts := flags.String("host", "", "the names of the webhook's Service, separated by commas")
	flags.StringVar(&given.namespace, "namespace", "", "the namespace of the Secret")
	flags.StringVar(&given.secret, "secret-name", "", "the name of the Secret")
	flags.StringVar(&given.webhook, "webhook-name", "", "the name of the ValidatingWebhookConfiguration")
	flags.StringVar(&given.failurePolicy, "patch-failure-policy", "", "the failurePolicy to set: Fail or Ignore")
	patchMutating := flags.Bool("patch-mutating", false, "not supported")
	if err := flags.Parse(texts[1:]); err != nil {
		return arguments{}, err
	}
	given.hosts = strings.FieldsFunc(*hosts, func(char rune) bool { return char == ',' })
	switch {
	case *patchMutating:
		return arguments{}, errors.New("a MutatingWebhookConfiguration is not supported")
	case given.namespace == "" || given.secret == "":
		return arguments{}, errors.New("-namespace and -secret-name are required")
	case given.command == "create" && len(given.hosts) == 0:
		return arguments{}, errors.New("create requires -host")
	case given.command == "patch" && given.webhook == "":
		return arguments{}, errors.New("patch requires -webhook-name")
	}
	return given, nil
}

// createSecret creates the Secret with a new certificate, unless it exists: an upgrade keeps the certificate.
func createSecret(client *client, given arguments, now time.Time) error {
	secrets := fmt.Sprintf("/api/v1/namespaces/%s/secrets", given.namespace)
	_, err := client.get(secrets + "/" + given.secret)
	if err == nil {
		fmt.Printf("the Secret %s exists\n", given.secret)
		return nil
	}
	var rejection *statusError
	if !errors.As(err, &rejection) || rejection.status != http.StatusNotFound {
		return err
	}
	data, err := newCertificate(given.hosts, now)
	if err != nil {
		return err
	}
	if err := client.create(secrets, newSecret(given.secret, data)); err != nil {
		return err
	}
	fmt.Printf("the Secret %s was created\n", given.secret)
	return nil
}

// newSecret returns a Secret with data.
func newSecret(name string, data map[string][]byte) object {
	return object{"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": name}, "data": data}
}

// patchWebhooks lets the API server trust the certificate authority of the Secret, and sets the failurePolicy.
func patchWebhooks(client *client, given arguments) error {
	secret, err := client.get(fmt.Sprintf("/api/v1/namespaces/%s/secrets/%s", given.namespace, given.secret))
	if err != nil {
		return err
	}
	data, _ := secret["data"].(map[string]any)
	authority, _ := data["ca"].(string)
	if authority == "" {
		return fmt.Errorf("the Secret %s has no ca", given.secret)
	}
	path := "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/" + given.webhook
	configuration, err := client.get(path)
	if err != nil {
		return err
	}
	webhooks, _ := configuration["webhooks"].([]any)
	if len(webhooks) == 0 {
		return fmt.Errorf("the ValidatingWebhookConfiguration %s has no webhooks", given.webhook)
	}
	for _, each := range webhooks {
		webhook, _ := each.(map[string]any)
		clientConfig, _ := webhook["clientConfig"].(map[string]any)
		if clientConfig == nil {
			return fmt.Errorf("a webhook of %s has no clientConfig", given.webhook)
		}
		clientConfig["caBundle"] = authority
		if given.failurePolicy != "" {
			webhook["failurePolicy"] = given.failurePolicy
		}
	}
	if err := client.replace(path, configuration); err != nil {
		return err
	}
	fmt.Printf("%d webhooks of %s trust the certificate authority of the Secret\n", len(webhooks), given.webhook)
	return nil
}
