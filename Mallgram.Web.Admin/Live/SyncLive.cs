using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Mallgram.Web.Admin.Api;
using Mallgram.Web.Admin.Components.Parts;
using Mallgram.Web.Admin.Sessions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Mallgram.Web.Admin.Live;

/// <summary>
/// The running synchronisation as server-sent events: <c>progress</c> carries the run's card as HTML, <c>done</c> tells the page to load
/// the final state and to close. The stream ends by itself before the session's token does; the browser then asks again.
/// </summary>
internal static class SyncLive
{
    public const string Path = "/sync/live";
    public const string Job = "product-sync";
    private const string Progress = "progress";
    private const string Done = "done";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Shorter than the margin in which a session's tokens are renewed at the next request.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(50);

    // Anonymous, because a redirect to the sign-in page is no event stream: without a session the answer is `done`.
    public static void MapSyncLive(this IEndpointRouteBuilder app) => app.MapGet(Path, Stream).AllowAnonymous();

    private static ServerSentEventsResult<string> Stream(
        HttpContext context, ApiClient api, TimeProvider clock, IHostApplicationLifetime host)
    {
        context.Response.Headers.CacheControl = "no-store";
        // Asks reverse proxies not to hold events back.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return TypedResults.ServerSentEvents(EventsAsync(context, api, clock, host.ApplicationStopping));
    }

    private static async IAsyncEnumerable<SseItem<string>> EventsAsync(
        HttpContext context, ApiClient api, TimeProvider clock, CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken ct = default)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, context.RequestAborted, stopping);
        end.CancelAfter(Longest);
        if (context.User.Identity?.IsAuthenticated != true)
        {
            yield return new SseItem<string>("", Done);
            yield break;
        }

        var store = context.User.FindFirst(SessionTicket.StoreClaim)!.Value;
        await using var renderer = new HtmlRenderer(context.RequestServices, context.RequestServices.GetRequiredService<ILoggerFactory>());
        JobRun? run = null;
        while (true)
        {
            var step = await ReadAsync(api, run, end.Token);
            if (step is Step.Stop)
            {
                yield break;
            }

            run = step.Run ?? run;
            if (run is not null)
            {
                var card = await RenderAsync(renderer, run, store, clock, step is Step.Away);
                yield return new SseItem<string>(card, Progress) { ReconnectionInterval = Interval / 2 };
            }

            if (step is Step.Over || (step is Step.Seen && run is not { IsActive: true }))
            {
                yield return new SseItem<string>("", Done);
                yield break;
            }

            try
            {
                await Task.Delay(Interval, clock, end.Token);
            }
            catch (OperationCanceledException)
            {
                yield break;
            }
        }
    }

    private static async Task<Step> ReadAsync(ApiClient api, JobRun? known, CancellationToken ct)
    {
        try
        {
            return new Step.Seen(known is null
                ? (await api.JobRunsAsync(Job, 1, ct)).First
                : await api.JobRunAsync(known.Id, ct));
        }
        catch (ApiUnavailableException)
        {
            return new Step.Away();
        }
        catch (Exception e) when (e is SessionEndedException or ApiProblemException)
        {
            // The page's own request will show why.
            return new Step.Over();
        }
        catch (OperationCanceledException)
        {
            return new Step.Stop();
        }
    }

    private static Task<string> RenderAsync(HtmlRenderer renderer, JobRun run, string store, TimeProvider clock, bool away) =>
        renderer.Dispatcher.InvokeAsync(async () =>
        {
            var parameters = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                [nameof(SyncRunCard.Run)] = run,
                [nameof(SyncRunCard.Store)] = store,
                [nameof(SyncRunCard.Now)] = clock.GetUtcNow(),
                [nameof(SyncRunCard.ApiIsAway)] = away,
            };
            var card = await renderer.RenderComponentAsync<SyncRunCard>(ParameterView.FromDictionary(parameters));
            return card.ToHtmlString();
        });

    private abstract record Step(JobRun? Run)
    {
        public sealed record Seen(JobRun? Found) : Step(Found);

        public sealed record Away() : Step((JobRun?)null);

        public sealed record Over() : Step((JobRun?)null);

        public sealed record Stop() : Step((JobRun?)null);
    }
}
