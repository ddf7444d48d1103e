using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Mallgram.Kernel.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mallgram.Kernel.Problems;

/// <summary>Turns every failure into <c>application/problem+json</c> with a stable code, in the caller's language.</summary>
public static partial class ProblemAnswers
{
    private static readonly Dictionary<int, LocalText> Titles = new()
    {
        [400] = new("Bad request", "Requête incorrecte"),
        [401] = new("Not signed in", "Non connecté"),
        [402] = new("Payment declined", "Paiement refusé"),
        [403] = new("Not allowed", "Interdit"),
        [404] = new("Not found", "Introuvable"),
        [405] = new("Method not allowed", "Méthode non acceptée"),
        [409] = new("Conflict", "Conflit"),
        [413] = new("Body too large", "Corps trop grand"),
        [415] = new("Unsupported media type", "Type de contenu non accepté"),
        [422] = new("Not valid", "Non valide"),
        [429] = new("Too many requests", "Trop de requêtes"),
        [500] = new("Internal error", "Erreur interne"),
        [503] = new("Unavailable", "Indisponible"),
    };

    // What the edge tells on every answer, refusals included.
    private static readonly string[] Kept =
    [
        "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-Content-Type-Options", "Referrer-Policy", "Strict-Transport-Security",
    ];

    // One for all requests: a closure each would be garbage of the hottest path.
    private static readonly Func<object, Task> NameRequest = static state =>
    {
        var context = (HttpContext)state;
        context.Response.Headers["X-Request-Id"] = RequestId(context);
        return Task.CompletedTask;
    };

    /// <summary>First in the pipeline: catches what the rest throws and dresses bare status codes.</summary>
    public static IApplicationBuilder UseProblemAnswers(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        context.Response.OnStarting(NameRequest, context);
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response is { StatusCode: >= 400, ContentLength: null or 0 } response
                && string.IsNullOrEmpty(response.ContentType) && OfStatus(response.StatusCode) is { } problem)
            {
                await WriteAsync(context, new ProblemException(problem));
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller left; there is nobody to answer.
            context.Abort();
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, ToProblem(context, e));
        }
    });

    public static string RequestId(HttpContext context) => Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier;

    /// <summary>Language of answers: the first of <c>fr</c> or <c>en</c> that the caller's <c>Accept-Language</c> prefers.</summary>
    public static string Language(HttpRequest request)
    {
        foreach (var entry in request.GetTypedHeaders().AcceptLanguage.OrderByDescending(l => l.Quality ?? 1))
        {
            if (entry.Value.StartsWith("fr", StringComparison.OrdinalIgnoreCase))
            {
                return "fr";
            }

            if (entry.Value.StartsWith("en", StringComparison.OrdinalIgnoreCase))
            {
                return "en";
            }
        }

        return "en";
    }

    /// <summary>The problem as the JSON object of the contract, for embedding in another answer.</summary>
    public static Dictionary<string, object?> ToMembers(ProblemException e, string language, string requestId)
    {
        var problem = e.Problem;
        var members = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["type"] = "https://mallgram.com/problems/" + problem.Code,
            ["title"] = (Titles.GetValueOrDefault(problem.Status) is { English: not null } title ? title : new LocalText("Error", "Erreur")).In(language),
            ["status"] = problem.Status,
            ["detail"] = problem.Status == 500 ? CommonProblems.InternalError.Detail.In(language) : e.Detail.In(language),
            ["code"] = problem.Code,
            ["request_id"] = requestId,
        };
        if (problem.Status == 503)
        {
            members["retryable"] = true;
        }

        if (e.Fields is { } fields)
        {
            members["errors"] = fields.All.ToDictionary(f => f.Key, f => f.Value.Select(t => t.In(language)).ToArray(), StringComparer.Ordinal);
        }

        foreach (var (name, value) in e.Members ?? new Dictionary<string, object?>())
        {
            members[name] = value;
        }

        return members;
    }

    public static async Task WriteAsync(HttpContext context, ProblemException e)
    {
        var kept = Array.ConvertAll(Kept, name => context.Response.Headers[name]);
        context.Response.Clear();
        for (var i = 0; i < Kept.Length; i++)
        {
            context.Response.Headers[Kept[i]] = kept[i];
        }

        context.Response.StatusCode = e.Problem.Status;
        context.Response.ContentType = "application/problem+json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        if (e.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        if (e.Problem.Status == 401)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }

        await JsonSerializer.SerializeAsync(
            context.Response.Body, ToMembers(e, Language(context.Request), RequestId(context)), MallgramJson.Options, context.RequestAborted);
    }

    private static ProblemException ToProblem(HttpContext context, Exception e)
    {
        var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Mallgram.Problems");
        switch (e)
        {
            case ProblemException problem:
                if (problem.Problem.Status >= 500)
                {
                    LogProblem(logger, problem.InnerException, problem.Problem.Code, context.Request.Method, context.GetEndpoint()?.DisplayName);
                }

                return problem;
            case BadHttpRequestException { StatusCode: 413 }:
                var limit = context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;
                return new ProblemException(CommonProblems.BodyTooLarge, limit);
            case BadHttpRequestException bad:
                return bad.InnerException is JsonException json
                    ? new ProblemException(CommonProblems.MalformedJson, json.Path ?? "$")
                    : new ProblemException(CommonProblems.MalformedRequest, ReasonPhrases.GetReasonPhrase(bad.StatusCode));
            case NpgsqlException { IsTransient: true } or TimeoutException:
                LogUnavailable(logger, e, context.Request.Method, context.GetEndpoint()?.DisplayName);
                return new ProblemException(CommonProblems.Unavailable) { RetryAfter = TimeSpan.FromSeconds(2) };
            default:
                LogUnexpected(logger, e, context.Request.Method, context.GetEndpoint()?.DisplayName);
                return new ProblemException(CommonProblems.InternalError);
        }
    }

    private static ProblemCode? OfStatus(int status) => status switch
    {
        400 => CommonProblems.MalformedRequest with { Detail = new("The request cannot be read.", "La requête est illisible.") },
        401 => CommonProblems.Unauthenticated,
        403 => CommonProblems.Forbidden,
        404 => CommonProblems.NotFound,
        405 => CommonProblems.MethodNotAllowed,
        415 => CommonProblems.UnsupportedMediaType,
        _ => null,
    };

    [LoggerMessage(LogLevel.Error, "{Method} {Route} failed")]
    private static partial void LogUnexpected(ILogger logger, Exception e, string method, string? route);

    [LoggerMessage(LogLevel.Error, "{Method} {Route} failed: the database does not answer")]
    private static partial void LogUnavailable(ILogger logger, Exception e, string method, string? route);

    [LoggerMessage(LogLevel.Warning, "{Code} answered to {Method} {Route}")]
    private static partial void LogProblem(ILogger logger, Exception? e, string code, string method, string? route);
}
