// The OTLP receiver of the OpenTelemetry Collector over mutual TLS: prints what it takes, a request a line, as its own JSON.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

func main() {
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	err := confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"http": map[string]any{
		"endpoint": os.Args[1],
		"tls":      map[string]any{"cert_file": os.Args[2], "key_file": os.Args[3], "client_ca_file": os.Args[4]},
	}}}).Unmarshal(&config)
	if err != nil {
		panic(err)
	}
	marshal := plog.JSONMarshaler{}
	sink, _ := consumer.NewLogs(func(_ context.Context, logs plog.Logs) error {
		line, err := marshal.MarshalLogs(logs)
		fmt.Println(string(line))
		return err
	})
	made, err := factory.CreateLogs(context.Background(), receivertest.NewNopSettings(factory.Type()), config, sink)
	if err != nil {
		panic(err)
	}
	if err := made.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		panic(err)
	}
	fmt.Println("ready")
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, os.Interrupt)
	<-ended
	_ = made.Shutdown(context.Background())
}
