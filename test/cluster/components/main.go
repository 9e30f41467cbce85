// One binary that is every Kubernetes component of the test node, told apart by the name it is started
// under (busybox style): upstream's signal handlers and logging set-up cannot share a process, but one
// link is minutes cheaper than nine.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"

	routercmd "github.com/cloudnativelabs/kube-router/v2/pkg/cmd"
	routeropt "github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/spf13/pflag"
)

func main() {
	name := filepath.Base(os.Args[0])
	var command *cobra.Command
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
		return
	case "kube-router":
		config := routeropt.NewKubeRouterConfig()
		flags := pflag.NewFlagSet(name, pflag.ExitOnError)
		config.AddFlags(flags)
		_ = flags.Parse(os.Args[1:])
		kr, err := routercmd.NewKubeRouterDefault(config)
		if err == nil {
			err = kr.Run()
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case "cert-manager":
		fmt.Fprintln(os.Stderr, certManager(os.Args[1]))
		os.Exit(1)
	case "fscrypt-folder":
		if err := fscryptFolder(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "fscrypt-folder:", err)
			os.Exit(1)
		}
		return
	case "kubectl":
		command = kubectl.NewDefaultKubectlCommand()
		if err := cli.RunNoErrOutput(command); err != nil {
			kubectlutil.CheckErr(err)
		}
		return
	case "kube-apiserver":
		command = apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		command = kcm.NewControllerManagerCommand()
	case "kube-scheduler":
		command = scheduler.NewSchedulerCommand()
	case "kube-proxy":
		command = proxy.NewProxyCommand()
	case "kubelet":
		command = kubelet.NewKubeletCommand(context.Background())
	default:
		fmt.Fprintln(os.Stderr, "components: unknown component", name)
		os.Exit(2)
	}
	os.Exit(cli.Run(command))
}
