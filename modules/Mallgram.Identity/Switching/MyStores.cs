using System.Security.Claims;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SecondFactors;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Identity.Switching;

/// <param name="Role">Of the person there.</param>
/// <param name="Status">active or suspended.</param>
/// <param name="Current">The store of the request.</param>
internal sealed record MyStore(string Id, string Slug, string Name, string Role, string Status, bool Current);

/// <param name="Data">The current one first, then by name; 100 at most.</param>
internal sealed record MyStoreList(IReadOnlyList<MyStore> Data);

/// <param name="Store">Slug of another of one's stores.</param>
internal sealed record SwitchRequest(string? Store);

/// <summary>
/// The stores where a person works: accounts with the same e-mail address, which is verified in both. People belong to a store, so nothing
/// but the verified address ties accounts together; this is one of the few questions that go across stores.
/// </summary>
internal sealed class MyStores(
    PlatformDataSource platform, People people, StoreScope scope, IServiceScopeFactory scopes, IStores stores)
{
    private const int MaxStores = 100;

    /// <exception cref="ProblemException">401 when the person is gone.</exception>
    public async Task<MyStoreList> ListAsync(ClaimsPrincipal user, CancellationToken ct)
    {
        var me = await people.FindAsync(user.UserId(), ct) ?? throw new ProblemException(CommonProblems.Unauthenticated);
        await using var command = platform.Source.CreateCommand(
            """
            select s.id, s.slug, s.name, mine.role, s.status
            from (
                select u.store_id, u.role from identity.users u where u.store_id = $1 and u.id = $2
                union
                select u.store_id, u.role from identity.users u
                where lower(u.email) = lower($3) and u.role not in ('customer', 'affiliate') and u.email_verified_at is not null
                  and u.status = 'active'
            ) mine join stores.stores s on s.id = mine.store_id and s.status <> 'closing'
            order by s.id <> $1, lower(s.name), s.id limit $4
            """);
        command.Parameters.AddRange(new[]
        {
            Sql.Uuid(scope.StoreId), Sql.Uuid(me.Id), Sql.Text(me.EmailVerified ? me.Email : null), Sql.Int(MaxStores),
        });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var mine = new List<MyStore>();
        while (await reader.ReadAsync(ct))
        {
            mine.Add(new MyStore(
                PublicId.Format(PublicId.Store, reader.GetGuid(0)), reader.GetString(1), reader.GetString(2), reader.GetString(3),
                reader.GetString(4), reader.GetGuid(0) == scope.StoreId));
        }

        return new MyStoreList(mine);
    }

    /// <summary>A session at another of one's stores; a second factor that the account there has is asked for first.</summary>
    /// <param name="target">Slug.</param>
    /// <exception cref="ProblemException">404 when the person does not work there with a verified address; 403 when disabled.</exception>
    public async Task<Ok<LogInAnswer>> SwitchAsync(ClaimsPrincipal user, string? target, HttpContext context, CancellationToken ct)
    {
        var me = await people.FindAsync(user.UserId(), ct) ?? throw new ProblemException(CommonProblems.Unauthenticated);
        if (me is not { IsActive: true, IsStaff: true, EmailVerified: true, Email: { } email } || target is not { Length: > 0 and <= 63 }
            || await stores.FindBySlugAsync(target, ct) is not { Status: not StoreStatus.Closing } store)
        {
            throw new ProblemException(CommonProblems.StoreNotFound);
        }

        await using var there = scopes.CreateAsyncScope();
        there.ServiceProvider.GetRequiredService<StoreScope>().Set(store.Id);
        if (await there.ServiceProvider.GetRequiredService<People>().FindByEmailAsync(email, ct)
            is not { IsActive: true, IsStaff: true, EmailVerified: true } self)
        {
            throw new ProblemException(CommonProblems.StoreNotFound);
        }

        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(
            await there.ServiceProvider.GetRequiredService<SecondStep>().AfterFirstAsync(self, "switch", spent: null, context, ct));
    }
}
