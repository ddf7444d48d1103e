using Mallgram.Kernel;
using Mallgram.Kernel.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Mallgram.Orders;

/// <summary>An order. Written by SQL in the use cases; read through EF.</summary>
internal sealed class Order : IStoreOwned
{
    public Guid StoreId { get; init; }

    public Guid Id { get; init; }

    /// <summary>For people: <c>261121-7KQ4M</c>.</summary>
    public required string Number { get; init; }

    public required string Status { get; init; }

    public required string PaymentStatus { get; init; }

    public required string FulfillmentStatus { get; init; }

    public Guid? UserId { get; init; }

    public required string FullName { get; init; }

    public string? Email { get; init; }

    public string? Phone { get; init; }

    public required string Language { get; init; }

    /// <summary>JSON of <see cref="Contracts.ShippingAddress"/>.</summary>
    public required string ShippingAddress { get; init; }

    public string? Notes { get; init; }

    public required string Currency { get; init; }

    public long Subtotal { get; init; }

    public long Shipping { get; init; }

    public long Tax { get; init; }

    public long Discount { get; init; }

    public long Total { get; init; }

    /// <summary>SHA-256 of the guest's access token.</summary>
    public required byte[] AccessTokenHash { get; init; }

    public DateTimeOffset? PaidAt { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public List<OrderItem> Items { get; init; } = [];

    public List<OrderHistoryEntry> History { get; init; } = [];

    public Money Money(long minor) => Kernel.Money.Of(minor, Currency);

    internal sealed class Mapping : IEntityMapping
    {
        public void Map(ModelBuilder model)
        {
            model.Entity<Order>(order =>
            {
                order.ToTable("orders", "orders");
                order.HasKey(o => new { o.StoreId, o.Id });
                order.Property(o => o.Currency).HasColumnType("character(3)");
                order.Property(o => o.ShippingAddress).HasColumnType("jsonb");
                order.HasMany(o => o.Items).WithOne().HasForeignKey(i => new { i.StoreId, i.OrderId });
                order.HasMany(o => o.History).WithOne().HasForeignKey(h => new { h.StoreId, h.OrderId });
            });
            model.Entity<OrderItem>(item =>
            {
                item.ToTable("order_items", "orders");
                item.HasKey(i => new { i.StoreId, i.Id });
                item.Property(i => i.Subtotal).ValueGeneratedOnAddOrUpdate();
            });
            model.Entity<OrderHistoryEntry>(entry =>
            {
                entry.ToTable("order_history", "orders");
                entry.HasKey(h => new { h.StoreId, h.Id });
            });
        }
    }
}

internal sealed class OrderItem : IStoreOwned
{
    public Guid StoreId { get; init; }

    public Guid OrderId { get; init; }

    public Guid Id { get; init; }

    public int Position { get; init; }

    public Guid ProductId { get; init; }

    public Guid VariantId { get; init; }

    public required string Sku { get; init; }

    /// <summary>As shown when it was ordered.</summary>
    public required string Name { get; init; }

    public int Quantity { get; init; }

    /// <summary>Minor units of the order's currency.</summary>
    public long UnitPrice { get; init; }

    /// <summary>Quantity × unit price, computed by the database.</summary>
    public long Subtotal { get; init; }
}

internal sealed class OrderHistoryEntry : IStoreOwned
{
    public Guid StoreId { get; init; }

    public Guid OrderId { get; init; }

    public Guid Id { get; init; }

    public DateTimeOffset At { get; init; }

    public string? FromStatus { get; init; }

    public required string ToStatus { get; init; }

    /// <summary>Who: <c>guest</c>, a person's public id, or <c>payments</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>What made it happen, e.g. a payment's public id.</summary>
    public required string Cause { get; init; }
}
