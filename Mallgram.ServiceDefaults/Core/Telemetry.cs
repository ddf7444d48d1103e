using System.Diagnostics;
using Mallgram.ServiceDefaults.Redaction;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
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
        builder.Services.AddSingleton<IHostedService>(provider => new Providers(
            Resource(builder), provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<Redactor>()));
    }

    private static ResourceBuilder Resource(IHostApplicationBuilder builder) => ResourceBuilder.CreateDefault()
        .AddService(builder.Configuration["OTEL_SERVICE_NAME"] ?? builder.Environment.ApplicationName)
        .AddEnvironmentVariableDetector();

    private sealed class Providers(ResourceBuilder resource, IConfiguration configuration, Redactor redactor) : IHostedService, IDisposable
    {
        private TracerProvider? _traces;
        private MeterProvider? _metrics;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            // Where to export to comes from the process's configuration, not from environment variables alone.
            _traces = Sdk.CreateTracerProviderBuilder()
                .ConfigureServices(services => services.AddSingleton(configuration))
                .SetResourceBuilder(resource)
                .AddSource(Sources)
                .AddProcessor(new ProbeFilter())
                .AddProcessor(new RedactedTraces(redactor))
                .AddOtlpExporter()
                .Build();
            _metrics = Sdk.CreateMeterProviderBuilder()
                .ConfigureServices(services => services.AddSingleton(configuration))
                .SetResourceBuilder(resource).AddMeter(Meters).AddOtlpExporter().Build();
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
    private sealed class ProbeFilter : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.GetTagItem("url.path") is "/health" or "/alive")
            {
                data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            }
        }
    }
}
