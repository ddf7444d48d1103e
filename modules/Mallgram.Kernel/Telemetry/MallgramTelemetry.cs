using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Mallgram.Kernel.Telemetry;

/// <summary>The one activity source and meter of Mallgram's own traces and business metrics; both are named <c>Mallgram</c>.</summary>
public static class MallgramTelemetry
{
    public const string Name = "Mallgram";

    public static readonly ActivitySource Activities = new(Name);

    public static readonly Meter Meter = new(Name);
}
