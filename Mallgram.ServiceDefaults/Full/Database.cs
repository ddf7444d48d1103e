using Mallgram.Kernel.Persistence;
using Microsoft.Extensions.Hosting;

namespace Mallgram.ServiceDefaults.PackageSet;

/// <summary>Aspire's telemetry for the context. No retries: transactions here carry their own rules for what may be repeated.</summary>
internal static class Database
{
    public static void Enrich(IHostApplicationBuilder builder) => builder.EnrichNpgsqlDbContext<MallgramDbContext>(settings =>
    {
        settings.DisableRetry = true;
        settings.DisableHealthChecks = true;
    });
}
