// Command controller is cert-manager's controller, with the flags that installations pass to it. For its module see the
// command webhook.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/cert-manager/cert-manager/pkg/acme/accounts"
	"github.com/cert-manager/cert-manager/pkg/controller"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/ingresses"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/acme"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/vault"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/venafi"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/metrics"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	"github.com/cert-manager/cert-manager/pkg/healthz"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/vault"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/venafi"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/metrics"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

const (
	lease   = "cert-manager-controller"
	workers = 5 // of each controller
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatalf("the controller failed: %v", err)
	}
}

func run(args []string) error {
	options := controller.ContextOptions{
		KubernetesAPIQPS:   20,
		KubernetesAPIBurst: 50,
		Clock:              clock.RealClock{},
		Metrics:            metrics.New(logf.Log, clock.RealClock{}),
		IssuerOptions:      controller.IssuerOptions{ClusterIssuerAmbientCredentials: true},
		ACMEOptions: controller.ACMEOptions{
			HTTP01SolverResourceRequestCPU:    resource.MustParse("10m"),
			HTTP01SolverResourceRequestMemory: resource.MustParse("64Mi"),
			HTTP01SolverResourceLimitsCPU:     resource.MustParse("100m"),
			HTTP01SolverResourceLimitsMemory:  resource.MustParse("64Mi"),
			ACMEHTTP01SolverRunAsNonRoot:      true,
			DNS01CheckAuthoritative:           true,
			DNS01CheckRetryPeriod:             10 * time.Second,
			AccountRegistry:                   accounts.NewDefaultRegistry(),
		},
		IngressShimOptions: controller.IngressShimOptions{
			DefaultIssuerKind:                 "Issuer",
			DefaultIssuerGroup:                "cert-manager.io",
			DefaultAutoCertificateAnnotations: []string{"kubernetes.io/tls-acme"},
		},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes: []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
		},
	}
	flags, logging := pflag.NewFlagSet("controller", pflag.ContinueOnError), flag.NewFlagSet("", flag.ContinueOnError)
	klog.InitFlags(logging)
	flags.AddGoFlagSet(logging)
	flags.StringVar(&options.ClusterResourceNamespace, "cluster-resource-namespace", "kube-system", "the namespace of the Secrets of ClusterIssuers")
	flags.StringVar(&options.HTTP01SolverImage, "acme-http01-solver-image", "", "the image of pods that solve challenges")
	flags.IntVar(&options.MaxConcurrentChallenges, "max-concurrent-challenges", 60, "the number of challenges at the same time")
	leases := flags.String("leader-election-namespace", "kube-system", "the namespace of the lease")
	metricsAddress := flags.String("metrics-listen-address", "0.0.0.0:9402", "the address of the metrics")
	healthAddress := flags.String("internal-healthz-listen-address", "0.0.0.0:9403", "the address of /livez")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx = logf.NewContext(ctx, logf.Log)
	failed := make(chan error)
	report := func(name string, err error) {
		if err != nil {
			failed <- fmt.Errorf("%s: %w", name, err)
		}
	}

	metricsListener, err := net.Listen("tcp", *metricsAddress)
	if err != nil {
		return err
	}
	go func() { report("metrics", options.Metrics.NewServer(metricsListener).Serve(metricsListener)) }()
	healthListener, err := net.Listen("tcp", *healthAddress)
	if err != nil {
		return err
	}
	health := healthz.NewServer(20 * time.Second)
	go func() { report("health", health.Start(ctx, healthListener)) }()

	factory, err := controller.NewContextFactory(ctx, options)
	if err != nil {
		return err
	}
	elected := func(ctx context.Context) { report("controllers", startControllers(ctx, factory, report)) }
	if err := elect(ctx, factory, *leases, health.LeaderHealthzAdaptor, elected, stop); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// elect runs the election in the background: it calls one function when this process holds the lease, and another one
// when it no longer does.
func elect(ctx context.Context, factory *controller.ContextFactory, namespace string, watchDog *leaderelection.HealthzAdaptor, elected func(context.Context), ended func()) error {
	built, err := factory.Build("leader-election")
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, namespace, lease, built.Client.CoreV1(), built.Client.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: host})
	if err != nil {
		return err
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   60 * time.Second,
		RenewDeadline:   40 * time.Second,
		RetryPeriod:     5 * time.Second,
		ReleaseOnCancel: true,
		WatchDog:        watchDog,
		Callbacks:       leaderelection.LeaderCallbacks{OnStartedLeading: elected, OnStoppedLeading: ended},
	})
	if err != nil {
		return err
	}
	go elector.Run(ctx)
	return nil
}

// startControllers starts all controllers in the background, then the informers that they have registered.
func startControllers(ctx context.Context, factory *controller.ContextFactory, report func(string, error)) error {
	for name, construct := range controller.Known() {
		if strings.HasPrefix(name, "certificatesigningrequests-") {
			continue // they need a feature gate
		}
		built, err := construct(factory)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		go func(name string) { report(name, runController(ctx, built)) }(name)
	}
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	shared.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	return nil
}

// runController runs a controller until its end. From version 1.16 on, it takes a context instead of a channel.
func runController(ctx context.Context, built controller.Interface) error {
	switch built := any(built).(type) {
	case interface {
		Run(int, context.Context) error
	}:
		return built.Run(workers, ctx)
	case interface {
		Run(int, <-chan struct{}) error
	}:
		return built.Run(workers, ctx.Done())
	default:
		return fmt.Errorf("unexpected controller %T", built)
	}
}
