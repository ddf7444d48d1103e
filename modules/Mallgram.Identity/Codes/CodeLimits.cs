using System.Threading.RateLimiting;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.Codes;

/// <summary>Slows down one network address that asks for many codes or tries many, whoever they are for.</summary>
internal sealed class CodeLimits(IOptions<OneTimeCodeOptions> options) : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly PartitionedRateLimiter<HttpContext> _limiter = PartitionedRateLimiter.Create<HttpContext, System.Net.IPAddress>(context =>
        RateLimitPartition.GetFixedWindowLimiter(
            SignInAttempts.Network(context.Connection.RemoteIpAddress),
            _ => new FixedWindowRateLimiterOptions { PermitLimit = options.Value.PerAddress, Window = Window, QueueLimit = 0 }));

    /// <exception cref="ProblemException">429 <c>too_many_codes</c>.</exception>
    public void Count(HttpContext context)
    {
        using var lease = _limiter.AttemptAcquire(context);
        if (!lease.IsAcquired)
        {
            var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : Window;
            throw new ProblemException(CodeProblems.TooManyCodes, Math.Ceiling(wait.TotalSeconds)) { RetryAfter = wait };
        }
    }

    public void Dispose() => _limiter.Dispose();
}

internal static class CodeLimitsEndpoints
{
    /// <summary>Counts calls of one network address to all endpoints that send or check codes (<c>Identity:Codes:PerAddress</c>).</summary>
    public static TBuilder LimitedByAddress<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder =>
        endpoints.AddEndpointFilter<TBuilder, CodeLimitsFilter>();
}

internal sealed class CodeLimitsFilter(CodeLimits limits) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        limits.Count(context.HttpContext);
        return next(context);
    }
}
