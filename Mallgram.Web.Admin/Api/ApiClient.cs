using System.Globalization;
using System.Net;
using System.Text.Json;
using Mallgram.Kernel.Http;

namespace Mallgram.Web.Admin.Api;

/// <summary>
/// Everything that this app knows about the platform comes through here. Calls throw <see cref="ApiProblemException"/>,
/// <see cref="ApiUnavailableException"/> or <see cref="SessionEndedException"/>, which the pages or the error page turn into words.
/// </summary>
internal sealed partial class ApiClient(HttpClient http, ILogger<ApiClient> logger)
{
    private const string V1 = "api/v1/";

    public Task<LogInAnswer> LogInAsync(string store, string email, string password, CancellationToken ct) =>
        SendAsync<LogInAnswer>(Post(V1 + "auth/login", new LogInBody(email, password), store), ct);

    public Task<SessionView> RefreshAsync(string store, string refreshToken, CancellationToken ct) =>
        SendAsync<SessionView>(Post(V1 + "auth/refresh", new RefreshBody(refreshToken), store), ct);

    public async Task LogOutAsync(string store, string refreshToken, CancellationToken ct)
    {
        using var request = Post(V1 + "auth/logout", new RefreshBody(refreshToken), store);
        using var answer = await ExchangeAsync(request, ct);
    }

    public Task<ListOf<OrderRow>> OrdersAsync(string? status, string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<OrderRow>>(V1 + "admin/orders" + Query(("status", status), ("cursor", cursor), ("limit", Number(limit))), ct);

    public Task<OrderDetail> OrderAsync(string id, CancellationToken ct) =>
        GetAsync<OrderDetail>(V1 + "admin/orders/" + Uri.EscapeDataString(id), ct);

    public Task<ListOf<Job>> JobsAsync(CancellationToken ct) => GetAsync<ListOf<Job>>(V1 + "admin/jobs", ct);

    public Task<ListOf<JobRun>> JobRunsAsync(string? job, int limit, CancellationToken ct) =>
        GetAsync<ListOf<JobRun>>(V1 + "admin/job-runs" + Query(("job", job), ("limit", Number(limit))), ct);

    public Task<JobRun> JobRunAsync(string id, CancellationToken ct) =>
        GetAsync<JobRun>(V1 + "admin/job-runs/" + Uri.EscapeDataString(id), ct);

    public Task<JobRun> RunJobAsync(string name, CancellationToken ct) =>
        SendAsync<JobRun>(new HttpRequestMessage(HttpMethod.Post, V1 + $"admin/jobs/{Uri.EscapeDataString(name)}/run"), ct);

    public Task<JobRun> CancelRunAsync(string id, CancellationToken ct) =>
        SendAsync<JobRun>(new HttpRequestMessage(HttpMethod.Post, V1 + $"admin/job-runs/{Uri.EscapeDataString(id)}/cancel"), ct);

    public Task<HealthReport> HealthAsync(CancellationToken ct) => GetAsync<HealthReport>("health/detailed", ct);

    private Task<T> GetAsync<T>(string path, CancellationToken ct) => SendAsync<T>(new HttpRequestMessage(HttpMethod.Get, path), ct);

    private static HttpRequestMessage Post<T>(string path, T body, string store) => new(HttpMethod.Post, path)
    {
        Content = JsonContent.Create(body, options: MallgramJson.Options),
        Headers = { { ApiSessionHeaders.Store, store } },
    };

    private async Task<T> SendAsync<T>(HttpRequestMessage message, CancellationToken ct)
    {
        using var request = message;
        using var answer = await ExchangeAsync(request, ct);
        try
        {
            return await answer.Content.ReadFromJsonAsync<T>(MallgramJson.Options, ct)
                ?? throw new ApiUnavailableException($"The API answered null to {request.Method} {request.RequestUri?.AbsolutePath}.");
        }
        catch (JsonException e)
        {
            LogUnreadable(request.Method, request.RequestUri?.AbsolutePath, e.Path);
            throw new ApiUnavailableException(
                $"The API's answer to {request.Method} {request.RequestUri?.AbsolutePath} is not as expected at {e.Path}.", e);
        }
    }

    private Task<HttpResponseMessage> ExchangeAsync(HttpRequestMessage request, CancellationToken ct) =>
        ExchangeAsync(request, HttpCompletionOption.ResponseContentRead, ct);

    private async Task<HttpResponseMessage> ExchangeAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken ct)
    {
        request.Headers.AcceptLanguage.ParseAdd(CultureInfo.CurrentUICulture.TwoLetterISOLanguageName);
        HttpResponseMessage answer;
        try
        {
            answer = await http.SendAsync(request, completion, ct);
        }
        catch (HttpRequestException e)
        {
            LogAway(request.Method, request.RequestUri?.AbsolutePath, e.Message);
            throw new ApiUnavailableException("The API cannot be reached.", e);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            LogAway(request.Method, request.RequestUri?.AbsolutePath, e.Message);
            throw new ApiUnavailableException("The API did not answer in time.", e);
        }

        if (answer.IsSuccessStatusCode)
        {
            return answer;
        }

        using (answer)
        {
            throw await ToExceptionAsync(request, answer, ct);
        }
    }

    private async Task<Exception> ToExceptionAsync(HttpRequestMessage request, HttpResponseMessage answer, CancellationToken ct)
    {
        // Sign-in and refresh carry no token and answer 401 as a result, not as the end of a session.
        if (answer.StatusCode == HttpStatusCode.Unauthorized && request.Headers.Authorization is not null)
        {
            return new SessionEndedException();
        }

        if (answer.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            try
            {
                var problem = await answer.Content.ReadFromJsonAsync<ProblemBody>(MallgramJson.Options, ct);
                if (problem is { Code: { } code, Detail: { } detail })
                {
                    if ((int)answer.StatusCode >= 500)
                    {
                        LogRefused(request.Method, request.RequestUri?.AbsolutePath, (int)answer.StatusCode, code, problem.RequestId);
                    }

                    return new ApiProblemException((int)answer.StatusCode, code, problem.ForPeople() ?? detail, problem.RequestId, problem.Errors);
                }
            }
            catch (JsonException e)
            {
                return new ApiUnavailableException($"The API answered {(int)answer.StatusCode} with a problem that cannot be read.", e);
            }
        }

        LogRefused(request.Method, request.RequestUri?.AbsolutePath, (int)answer.StatusCode, code: null, requestId: null);
        return new ApiUnavailableException(
            $"The API answered {(int)answer.StatusCode} to {request.Method} {request.RequestUri?.AbsolutePath}.");
    }

    private static string Query(params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var query = QueryString.Empty;
        foreach (var (name, value) in parameters)
        {
            query = value is null ? query : query.Add(name, value);
        }

        return query.ToUriComponent();
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    [LoggerMessage(LogLevel.Error, "The API's answer to {Method} {Path} is not as expected at {JsonPath}")]
    private partial void LogUnreadable(HttpMethod method, string? path, string? jsonPath);

    [LoggerMessage(LogLevel.Warning, "The API did not answer {Method} {Path}: {Reason}")]
    private partial void LogAway(HttpMethod method, string? path, string reason);

    [LoggerMessage(LogLevel.Warning, "The API answered {Status} ({Code}, request {RequestId}) to {Method} {Path}")]
    private partial void LogRefused(HttpMethod method, string? path, int status, string? code, string? requestId);

    private sealed record ProblemBody(string? Code, string? Detail, string? RequestId, Dictionary<string, string[]>? Errors)
    {
        /// <returns>What is wrong field by field; null when the problem is not about fields.</returns>
        public string? ForPeople() => Errors is { Count: > 0 } errors
            ? string.Join("; ", errors.Select(e => $"{e.Key.Replace('_', ' ')} {string.Join(", ", e.Value)}"))
            : null;
    }
}
