using Mallgram.ServiceDefaults.Redaction;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Mallgram.ServiceDefaults.PackageSet;

/// <summary>OpenTelemetry as the Aspire template has it.</summary>
internal static class Telemetry
{
    public static void Add(IHostApplicationBuilder builder, bool exports)
    {
        builder.Logging.AddOpenTelemetry(logs =>
        {
            logs.IncludeFormattedMessage = true;
            logs.IncludeScopes = true;
        });
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter("Mallgram", "Npgsql", "Quartz"))
            .WithTracing(traces => traces
                .AddSource("Mallgram", "Npgsql", "Quartz")
                .AddAspNetCoreInstrumentation(o => o.Filter = context => !IsProbe(context.Request.Path))
                .AddHttpClientInstrumentation()
                .AddProcessor(provider => new RedactedTraces(provider.GetRequiredService<Redactor>())));
        if (exports)
        {
            telemetry.UseOtlpExporter();
        }
    }

    // Health probes come every few seconds and would drown the traces.
    private static bool IsProbe(PathString path) => path.StartsWithSegments("/health") || path.StartsWithSegments("/alive");
}
