using MediatR;
using Npgsql;
using Pipeline.Ingestion;

namespace Pipeline.Architecture.Tests.Infrastructure
{
    internal sealed class Store
    {
        public string Name { get; set; } = "";
    }
}

namespace Pipeline.Architecture.Tests.Domain
{
    /// <summary>Breaks the rules of the domain, so that the rules can be seen to fail.</summary>
    internal sealed class BrokenDomain
    {
        public Infrastructure.Store? Store { get; set; }

        public static string Ask() => new NpgsqlConnection().ConnectionString;
    }
}

namespace Pipeline.Architecture.Tests.Application
{
    public sealed record BrokenRequest : IRequest<string>;

    /// <summary>Breaks the rules of use cases: public, not sealed, reaches into the infrastructure and into a neighbour.</summary>
    public class BrokenUseCase : IRequestHandler<BrokenRequest, string>
    {
        public Task<string> Handle(BrokenRequest request, CancellationToken cancellationToken) =>
            Task.FromResult(new Infrastructure.Store().Name + IngestionModule.Assembly.FullName);
    }
}
