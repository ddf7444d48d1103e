using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Mallgram.ServiceDefaults.PackageSet;

/// <summary>Resilience and service discovery for every HttpClient, on Polly alone.</summary>
internal static class OutgoingHttp
{
    public static void AddDefaults(IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Pipelines>();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            http.AddHttpMessageHandler(provider => new ServiceDiscoveryHandler(provider.GetRequiredService<IConfiguration>()));
            http.AddHttpMessageHandler(provider => new ResilienceHandler(provider.GetRequiredService<Pipelines>()));
        });
    }

    /// <summary>One pipeline a destination, so that one provider's outage opens one breaker. Same figures as the full set's standard handler.</summary>
    private sealed class Pipelines
    {
        private readonly ConcurrentDictionary<(string Authority, bool MayRepeat), ResiliencePipeline<HttpResponseMessage>> _pipelines = new();

        public ResiliencePipeline<HttpResponseMessage> For(HttpRequestMessage request)
        {
            var mayRepeat = request.Method == HttpMethod.Get || request.Method == HttpMethod.Head || request.Method == HttpMethod.Options;
            return _pipelines.GetOrAdd((request.RequestUri!.Authority, mayRepeat), static key => Build(key.MayRepeat));
        }

        private static ResiliencePipeline<HttpResponseMessage> Build(bool mayRepeat)
        {
            var builder = new ResiliencePipelineBuilder<HttpResponseMessage>();
            builder.AddTimeout(TimeSpan.FromSeconds(30));
            if (mayRepeat)
            {
                builder.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
                {
                    MaxRetryAttempts = 3,
                    Delay = TimeSpan.FromMilliseconds(500),
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    ShouldHandle = static arguments => ValueTask.FromResult(IsTransient(arguments.Outcome)),
                    DelayGenerator = static arguments => ValueTask.FromResult(arguments.Outcome.Result?.Headers.RetryAfter?.Delta),
                });
            }

            builder.AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                FailureRatio = 0.1,
                MinimumThroughput = 100,
                SamplingDuration = TimeSpan.FromSeconds(30),
                BreakDuration = TimeSpan.FromSeconds(5),
                ShouldHandle = static arguments => ValueTask.FromResult(IsTransient(arguments.Outcome)),
            });
            builder.AddTimeout(TimeSpan.FromSeconds(10));
            return builder.Build();
        }

        private static bool IsTransient(Outcome<HttpResponseMessage> outcome) => outcome switch
        {
            { Exception: HttpRequestException or TimeoutRejectedException } => true,
            { Result.StatusCode: var status } => (int)status >= 500 || (int)status is 408 or 429,
            _ => false,
        };
    }

    private sealed class ResilienceHandler(Pipelines pipelines) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return await pipelines.For(request).ExecuteAsync(
                    static async (state, ct) => await state.Handler.SendInnerAsync(state.Request, ct), (Handler: this, Request: request), cancellationToken);
            }
            catch (TimeoutRejectedException e)
            {
                throw new HttpRequestException(HttpRequestError.Unknown, "The other side did not answer in time.", e);
            }
            catch (BrokenCircuitException e)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError, "The other side failed too often; waiting before the next call.", e);
            }
        }

        private Task<HttpResponseMessage> SendInnerAsync(HttpRequestMessage request, CancellationToken ct) => base.SendAsync(request, ct);
    }

    /// <summary>
    /// Replaces a logical host by the first address of <c>services:&lt;name&gt;:&lt;scheme&gt;:0</c>; <c>https+http</c> prefers https. A name without an entry
    /// goes to DNS as it is. Same rules as Microsoft.Extensions.ServiceDiscovery for the variables that the AppHost sets.
    /// </summary>
    private sealed class ServiceDiscoveryHandler(IConfiguration configuration) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var uri = request.RequestUri!;
            var schemes = uri.Scheme.Split('+');
            var section = configuration.GetSection("services:" + uri.Host);
            var address = schemes.Append("default").Select(s => section[s + ":0"] ?? section[s]).FirstOrDefault(a => !string.IsNullOrEmpty(a));
            if (address is not null && Uri.TryCreate(address, UriKind.Absolute, out var target))
            {
                request.RequestUri = new UriBuilder(uri) { Scheme = target.Scheme, Host = target.Host, Port = target.Port }.Uri;
            }
            else if (schemes.Length > 1)
            {
                request.RequestUri = new UriBuilder(uri) { Scheme = schemes[0], Port = uri.IsDefaultPort ? -1 : uri.Port }.Uri;
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
