using System.Globalization;
using Mallgram.Web.Admin.Api;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Options;

namespace Mallgram.Web.Admin.Components;

/// <summary>A page of the audit log by the filters in its address, a store's or the platform's.</summary>
public abstract class AuditPage : ComponentBase
{
    protected const int PageSize = 50;

    [CascadingParameter]
    public required HttpContext Context { get; set; }

    [SupplyParameterFromQuery]
    public string? Actor { get; set; }

    [SupplyParameterFromQuery]
    public string? Object { get; set; }

    [SupplyParameterFromQuery(Name = "object_id")]
    public string? ObjectId { get; set; }

    [SupplyParameterFromQuery]
    public string? Action { get; set; }

    /// <summary>yyyy-MM-dd in the zone of <c>Admin:TimeZone</c>.</summary>
    [SupplyParameterFromQuery]
    public string? From { get; set; }

    /// <summary>Likewise, the day included.</summary>
    [SupplyParameterFromQuery]
    public string? To { get; set; }

    [SupplyParameterFromQuery]
    public string? Cursor { get; set; }

    [Inject]
    internal ApiClient Api { get; set; } = null!;

    [Inject]
    internal IOptions<AdminOptions> Options { get; set; } = null!;

    protected string? Failure { get; private set; }

    internal AuditFilter Filter { get; private set; } = null!;

    internal IReadOnlyList<AuditEntry> Entries { get; private set; } = [];

    protected string? Next { get; private set; }

    internal abstract Task<ListOf<AuditEntry>> ReadAsync(AuditFilter filter, string? cursor, CancellationToken ct);

    protected override async Task OnInitializedAsync()
    {
        Filter = new AuditFilter(Null(Actor), Null(Object), Null(ObjectId), Null(Action), Start(From, 0), Start(To, 1));
        try
        {
            var page = await ReadAsync(Filter, Null(Cursor), Context.RequestAborted);
            (Entries, Next) = (page.Data, page.NextCursor);
        }
        catch (ApiProblemException e) when (e.Status is 400 or 422)
        {
            Failure = e.Message;
            Context.Response.StatusCode = e.Status;
        }
    }

    /// <summary>The next page with the same filters.</summary>
    protected string NextAddress(string path)
    {
        var query = QueryString.Empty;
        foreach (var (name, value) in new[]
        {
            ("actor", Actor), ("object", Object), ("object_id", ObjectId), ("action", Action), ("from", From), ("to", To), ("cursor", Next),
        })
        {
            query = string.IsNullOrEmpty(value) ? query : query.Add(name, value);
        }

        return path + query.ToUriComponent();
    }

    private DateTimeOffset? Start(string? day, int daysLater)
    {
        if (!DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) || date.Year is < 2000 or > 9000)
        {
            return null;
        }

        var local = date.AddDays(daysLater).ToDateTime(TimeOnly.MinValue);
        return new DateTimeOffset(local, Options.Value.Zone().GetUtcOffset(local));
    }

    private static string? Null(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
