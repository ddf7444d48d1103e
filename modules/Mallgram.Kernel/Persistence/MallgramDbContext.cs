using System.Linq.Expressions;
using System.Text;
using Mallgram.Kernel.Tenancy;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Kernel.Persistence;

/// <summary>A module's part of the model. Registered once a module; every host registers all modules, so the model is one.</summary>
public interface IEntityMapping
{
    void Map(ModelBuilder model);
}

/// <summary>An entity whose table carries <c>store_id</c> under row-level security.</summary>
public interface IStoreOwned
{
    Guid StoreId { get; }
}

/// <summary>
/// The one unit-of-work context, composed by the modules: names in snake_case, every store-owned entity filtered by the scope's store
/// (a convenience that lets the planner use the leading index column: row-level security is the wall).
/// </summary>
public sealed class MallgramDbContext(DbContextOptions<MallgramDbContext> options) : DbContext(options)
{
    /// <summary>Assigned on every lease from the pool; null shows no rows.</summary>
    public Guid? StoreId { get; internal set; }

    /// <summary>Whose changes are audited; assigned with the store.</summary>
    internal Caller? Caller { get; set; }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        var services = this.GetService<IDbContextOptions>().FindExtension<CoreOptionsExtension>()?.ApplicationServiceProvider
            ?? throw new InvalidOperationException("MallgramDbContext is created by AddMallgramPersistence.");
        foreach (var mapping in services.GetServices<IEntityMapping>())
        {
            mapping.Map(modelBuilder);
        }

        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            foreach (var property in entity.GetProperties())
            {
                property.SetColumnName(SnakeCase(property.Name));
            }

            if (typeof(IStoreOwned).IsAssignableFrom(entity.ClrType))
            {
                var row = Expression.Parameter(entity.ClrType, "row");
                var mine = Expression.Equal(
                    Expression.Convert(Expression.Property(row, nameof(IStoreOwned.StoreId)), typeof(Guid?)),
                    Expression.Property(Expression.Constant(this), nameof(StoreId)));
                entity.SetQueryFilter(Expression.Lambda(mine, row));
            }
        }
    }

    private static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]))
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
