using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Mallgram.ServiceDefaults.PackageSet;

/// <summary>OpenTelemetry without the hosting package: providers are built and disposed by a hosted service.</summary>
/// <remarks>ASP.NET Core, HttpClient and Npgsql have built-in sources and meters, so no instrumentation package is needed.</remarks>
internal static class Telemetry
{
    internal static readonly string[] Sources = ["Mallgram", "Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "Quartz"];

    internal static readonly string[] Meters =
    [
        "Mallgram", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime", "Npgsql", "Quartz",
    ];

    public static void Add(IHostApplicationBuilder builder, bool exports)
    {
        if (!exports)
        {
            return;
        }

        builder.Logging.AddOpenTelemetry(logs =>
        {
            logs.SetResourceBuilder(Resource(builder));
            logs.IncludeFormattedMessage = true;
            logs.IncludeScopes = true;
            logs.AddOtlpExporter();
        });
        builder.Services.AddSingleton<IHostedService>(_ => new Providers(Resource(builder)));
    }

    private static ResourceBuilder Resource(IHostApplicationBuilder builder) => ResourceBuilder.CreateDefault()
        .AddService(builder.Configuration["OTEL_SERVICE_NAME"] ?? builder.Environment.ApplicationName)
        .AddEnvironmentVariableDetector();

    private sealed class Providers(ResourceBuilder resource) : IHostedService, IDisposable
    {
        private TracerProvider? _traces;
        private MeterProvider? _metrics;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            _traces = Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(resource)
                .AddSource(Sources)
                .AddProcessor(new ProbeFilter(new BatchActivityExportProcessor(new OtlpTraceExporter(new OtlpExporterOptions()))))
                .Build();
            _metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(Meters).AddOtlpExporter().Build();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
            _traces?.Dispose();
            _metrics?.Dispose();
        }
    }

    /// <summary>Health probes come every few seconds and would drown the traces.</summary>
    private sealed class ProbeFilter(BaseProcessor<System.Diagnostics.Activity> next) : BaseProcessor<System.Diagnostics.Activity>
    {
        public override void OnStart(System.Diagnostics.Activity data) => next.OnStart(data);

        public override void OnEnd(System.Diagnostics.Activity data)
        {
            if (data.GetTagItem("url.path") is not ("/health" or "/alive"))
            {
                next.OnEnd(data);
            }
        }

        protected override bool OnForceFlush(int timeoutMilliseconds) => next.ForceFlush(timeoutMilliseconds);

        protected override bool OnShutdown(int timeoutMilliseconds) => next.Shutdown(timeoutMilliseconds);

        protected override void Dispose(bool disposing)
        {
            next.Dispose();
            base.Dispose(disposing);
        }
    }
}
