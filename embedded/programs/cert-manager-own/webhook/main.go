// Command webhook is cert-manager's webhook. From version 1.12 on, upstream's own command is in a module that no proxy can
// serve, because its path names no directory. The name of this module permits the use of cert-manager's internal packages.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/cert-manager/cert-manager/internal/webhook"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/webhook/options"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatalf("the webhook failed: %v", err)
	}
}

func run(args []string) error {
	config, err := options.NewWebhookConfiguration()
	if err != nil {
		return err
	}
	flags, logging := pflag.NewFlagSet("webhook", pflag.ContinueOnError), flag.NewFlagSet("", flag.ContinueOnError)
	options.NewWebhookFlags().AddFlags(flags) // in 1.12 with those of logging, which later versions have below
	options.AddConfigFlags(flags, config)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if file := flags.Lookup("config").Value.String(); file != "" {
		return fmt.Errorf("--config=%s is not supported: expected flags", file)
	}
	klog.InitFlags(logging)
	if err := logging.Set("v", flags.Lookup("v").Value.String()); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server, err := webhook.NewCertManagerWebhookServer(logf.Log, *config)
	if err != nil {
		return err
	}
	return server.Run(logf.NewContext(ctx, logf.Log))
}
