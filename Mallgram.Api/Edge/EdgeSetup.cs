using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.Options;

namespace Mallgram.Api.Edge;

/// <summary>Settings under <c>Edge</c>.</summary>
internal sealed class EdgeOptions
{
    /// <summary>How long a request may take before it is broken off with 503 <c>request_timeout</c>; streams are exempt.</summary>
    /// <value>30 seconds, as long as a statement may.</value>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

internal static class EdgeSetup
{
    private static readonly ProblemCode RequestTimeout = new("request_timeout", 503,
        "The request took too long and was broken off; try again shortly.",
        "La requête a pris trop de temps et a été interrompue ; réessayez dans un instant.");

    /// <summary>Rate limits, CORS, time-outs, limits of what a request may send. Settings: sections <c>Edge</c> and <c>Identity:StaffAddresses</c>.</summary>
    public static WebApplicationBuilder AddEdge(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<RateLimitOptions>().BindConfiguration("Edge:RateLimits").ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<CorsSettings>().BindConfiguration("Edge:Cors");
        services.AddOptions<EdgeOptions>().BindConfiguration("Edge")
            .Validate(o => o.RequestTimeout >= TimeSpan.FromSeconds(1), "Edge:RequestTimeout must be a second at least.").ValidateOnStart();
        services.AddOptions<StaffAddressOptions>().BindConfiguration("Identity:StaffAddresses").ValidateOnStart();
        services.AddSingleton<IValidateOptions<StaffAddressOptions>, StaffAddressOptions.Validation>();
        services.AddSingleton<RateLimiter>();
        services.AddHostedService<RateLimitSweep>();
        services.AddCors();
        // It tells of every request whether its origin was allowed.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Cors", LogLevel.Warning);
        services.AddSingleton<ICorsPolicyProvider, StoreOrigins>();
        services.AddRequestTimeouts(_ => { });
        services.AddSingleton<IConfigureOptions<RequestTimeoutOptions>>(provider => new ConfigureOptions<RequestTimeoutOptions>(o =>
            o.DefaultPolicy = new RequestTimeoutPolicy
            {
                Timeout = provider.GetRequiredService<IOptions<EdgeOptions>>().Value.RequestTimeout,
                WriteTimeoutResponse = static context =>
                {
                    // What was aborted is the work, not the answer; and the headers of before have been cleared.
                    context.RequestAborted = CancellationToken.None;
                    FrontDoor.Secure(context);
                    return ProblemAnswers.WriteAsync(context, new ProblemException(RequestTimeout) { RetryAfter = TimeSpan.FromSeconds(5) });
                },
            }));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
            // Method, address and version. The longest address of ours is a signed picture's.
            kestrel.Limits.MaxRequestLineSize = 8 * 1024;
            kestrel.Limits.MaxRequestHeaderCount = 64;
            kestrel.Limits.MaxRequestHeadersTotalSize = 24 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });
        return builder;
    }
}
