using Microsoft.Extensions.Hosting;

namespace Mallgram.ServiceDefaults.PackageSet;

/// <summary>Npgsql's own activity source and meter are listened to in <see cref="Telemetry"/>; nothing more is needed here.</summary>
internal static class Database
{
    public static void Enrich(IHostApplicationBuilder builder) => ArgumentNullException.ThrowIfNull(builder);
}
