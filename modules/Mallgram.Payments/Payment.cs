using Mallgram.Kernel;
using Mallgram.Kernel.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Mallgram.Payments;

/// <summary>A payment intent: one attempt of one gateway to collect for one order. Written by SQL in the use cases; read through EF.</summary>
internal sealed class Payment : IStoreOwned
{
    public Guid StoreId { get; init; }

    public Guid Id { get; init; }

    public Guid OrderId { get; init; }

    public required string Gateway { get; init; }

    public required string Method { get; init; }

    public required string Status { get; init; }

    /// <summary>Minor units of <see cref="Currency"/>.</summary>
    public long Amount { get; init; }

    public required string Currency { get; init; }

    /// <summary>JSON as in the public contract, or null.</summary>
    public string? NextAction { get; init; }

    public string? DeclineCode { get; init; }

    public string? ReviewReason { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? SucceededAt { get; init; }

    public DateTimeOffset? LastReadAt { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public Money Total => Money.Of(Amount, Currency);

    internal sealed class Mapping : IEntityMapping
    {
        public void Map(ModelBuilder model) => model.Entity<Payment>(payment =>
        {
            payment.ToTable("intents", "payments");
            payment.HasKey(p => new { p.StoreId, p.Id });
            payment.Ignore(p => p.Total);
            payment.Property(p => p.Currency).HasColumnType("character(3)");
            payment.Property(p => p.NextAction).HasColumnType("jsonb");
        });
    }
}
