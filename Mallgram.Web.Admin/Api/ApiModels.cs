using System.Text.Json;
using Mallgram.Kernel;

namespace Mallgram.Web.Admin.Api;

internal sealed record ListOf<T>(IReadOnlyList<T> Data, string? NextCursor)
    where T : class
{
    public T? First => Data.Count > 0 ? Data[0] : null;
}

internal sealed record Customer(string FullName, string? Email, string? Phone);

internal sealed record OrderRow(
    string Id, string Number, string Status, string PaymentStatus, Customer Customer, Money Total, int ItemCount, DateTimeOffset CreatedAt);

internal sealed record OrderItem(string ProductId, string VariantId, string Name, int Quantity, Money UnitPrice, Money Subtotal);

internal sealed record Address(
    string? Street, string? Landmark, string? City, string? Region, string? PostalCode, string? Country, string? Phone);

internal sealed record OrderPayment(
    string Id, string Gateway, string Method, string Status, Money Amount, string? DeclineCode, string? ReviewReason,
    DateTimeOffset CreatedAt);

internal sealed record OrderStep(DateTimeOffset At, string? From, string To, string Actor, string? Cause);

internal sealed record OrderDetail(
    string Id,
    string Number,
    string Status,
    string PaymentStatus,
    IReadOnlyList<OrderItem> Items,
    Money Subtotal,
    Money Shipping,
    Money Tax,
    Money Discount,
    Money Total,
    DateTimeOffset CreatedAt,
    Customer Customer,
    Address ShippingAddress,
    string? Notes,
    IReadOnlyList<OrderPayment> Payments,
    IReadOnlyList<OrderStep> History);

/// <summary>One supplier's catalogue pulled into one store.</summary>
/// <param name="Total">Items the supplier announced; null while unknown.</param>
/// <param name="Reasons">Why items were skipped or failed, with counts.</param>
/// <param name="Hidden">Products taken off sale.</param>
/// <param name="RolledBackAt">When all that the run changed was undone.</param>
/// <param name="RolledBack">Products gone through so far by the rollback.</param>
internal sealed record SyncRun(
    string Id,
    string? Supplier,
    string State,
    long Seen,
    long? Total,
    long Created,
    long Updated,
    long Unchanged,
    long Skipped,
    long Failed,
    long Hidden,
    Dictionary<string, long>? Reasons,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    string? Error,
    DateTimeOffset? RollbackStartedAt,
    DateTimeOffset? RolledBackAt,
    string? RolledBackBy,
    long RolledBack,
    string? StartedBy)
{
    public bool IsActive => State is "running" || (RollbackStartedAt is not null && RolledBackAt is null);

    /// <summary>As <see cref="State"/>, or how far its rollback is.</summary>
    public string Word => (RollbackStartedAt, RolledBackAt) switch
    {
        (null, _) => State,
        (_, null) => "rolling_back",
        _ => "rolled_back",
    };
}

/// <param name="Schedule">Cron expression, or <c>off</c>.</param>
internal sealed record Job(string Name, string Description, string Schedule, string TimeZone, DateTimeOffset? NextRun, JobRun? LastRun);

/// <param name="Progress">The job's own JSON while it runs.</param>
/// <param name="Summary">The job's own JSON when it has ended.</param>
public sealed record JobRun(
    string Id,
    string Job,
    string Trigger,
    string State,
    DateTimeOffset? ScheduledAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    string? Node,
    JsonElement? Progress,
    JsonElement? Summary,
    string? Error)
{
    public bool IsActive => State is "requested" or "running";
}

internal sealed record HealthReport(string Status, IReadOnlyList<HealthPart> Parts);

internal sealed record HealthPart(string Name, string Status, string? Detail, double DurationMs);
