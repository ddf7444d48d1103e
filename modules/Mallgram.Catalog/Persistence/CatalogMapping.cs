using Mallgram.Kernel.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Mallgram.Catalog.Persistence;

// The tables as EF sees them, for pages that read and edit single rows. Bulk and hot paths use SQL.

internal sealed class Category : IStoreOwned
{
    public Guid StoreId { get; init; }

    public Guid Id { get; init; }

    public required string Supplier { get; init; }

    public required string ExternalId { get; init; }

    public Guid? ParentId { get; set; }

    public required string Slug { get; set; }

    public required string Name { get; set; }

    public string? NameFr { get; set; }

    /// <summary>Names from the root: <c>Hobbies &gt; Trains</c>.</summary>
    public required string Path { get; set; }

    public string? PathFr { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }
}

internal sealed class Product : IStoreOwned
{
    public Guid StoreId { get; init; }

    public Guid Id { get; init; }

    public required string Slug { get; init; }

    public required string Supplier { get; init; }

    public required string ExternalId { get; init; }

    public required string Name { get; set; }

    public string? NameFr { get; set; }

    public string? Description { get; set; }

    public string? DescriptionFr { get; set; }

    public Guid? CategoryId { get; set; }

    public string? Brand { get; set; }

    public required string Channel { get; set; }

    public int MinOrderQuantity { get; set; }

    /// <summary>0 to 5; null: nobody rated.</summary>
    public decimal? Rating { get; set; }

    public int ReviewCount { get; set; }

    public string? ImageUrl { get; set; }

    public required string[] Images { get; set; }

    public required string Status { get; set; }

    public string? HiddenBy { get; set; }

    public required byte[] ContentHash { get; init; }

    public required string SearchKey { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }
}

internal sealed class Variant : IStoreOwned
{
    public Guid StoreId { get; init; }

    public Guid Id { get; init; }

    public Guid ProductId { get; init; }

    public required string ExternalId { get; init; }

    public required string Sku { get; init; }

    public string? Name { get; set; }

    /// <summary>JSON: pairs of option and value.</summary>
    public required string Options { get; set; }

    public int Position { get; set; }

    public bool Active { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }
}

internal sealed class VariantPrice : IStoreOwned
{
    public Guid StoreId { get; init; }

    public Guid VariantId { get; init; }

    public required string Currency { get; init; }

    /// <summary>Minor units.</summary>
    public long Amount { get; set; }

    public long? CompareAt { get; set; }

    /// <summary>Major units of <see cref="CostCurrency"/>.</summary>
    public decimal Cost { get; set; }

    public required string CostCurrency { get; set; }

    public Guid? RateId { get; set; }
}

internal sealed class VariantStock : IStoreOwned
{
    public Guid StoreId { get; init; }

    public Guid VariantId { get; init; }

    public int OnHand { get; set; }

    public int Reserved { get; set; }
}

internal sealed class CatalogMapping : IEntityMapping
{
    public void Map(ModelBuilder model)
    {
        model.Entity<Category>(e =>
        {
            e.ToTable("categories", "catalog").HasKey(c => new { c.StoreId, c.Id });
            e.Property(c => c.CreatedAt).ValueGeneratedOnAdd();
            e.Property(c => c.UpdatedAt).ValueGeneratedOnAddOrUpdate();
        });
        model.Entity<Product>(e =>
        {
            e.ToTable("products", "catalog").HasKey(p => new { p.StoreId, p.Id });
            e.Property(p => p.Rating).HasColumnType("numeric(3,2)");
            e.Property(p => p.CreatedAt).ValueGeneratedOnAdd();
            e.Property(p => p.UpdatedAt).ValueGeneratedOnAddOrUpdate();
        });
        model.Entity<Variant>(e =>
        {
            e.ToTable("variants", "catalog").HasKey(v => new { v.StoreId, v.Id });
            e.Property(v => v.Options).HasColumnType("jsonb");
            e.Property(v => v.CreatedAt).ValueGeneratedOnAdd();
            e.Property(v => v.UpdatedAt).ValueGeneratedOnAddOrUpdate();
        });
        model.Entity<VariantPrice>(e =>
        {
            e.ToTable("prices", "catalog").HasKey(p => new { p.StoreId, p.VariantId, p.Currency });
            e.Property(p => p.Currency).HasMaxLength(3).IsFixedLength();
            e.Property(p => p.CostCurrency).HasMaxLength(3).IsFixedLength();
            e.Property(p => p.Cost).HasColumnType("numeric");
        });
        model.Entity<VariantStock>(e => e.ToTable("stock", "catalog").HasKey(s => new { s.StoreId, s.VariantId }));
    }
}
