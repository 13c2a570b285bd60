using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Access;

/// <summary>
/// Kestrel's sockets, which without keys are opened on loopback only: however an address came to be listened on, it comes through here.
/// </summary>
internal sealed class LoopbackTransport(IOptions<SocketTransportOptions> sockets, ILoggerFactory loggers, IOptions<AccessOptions> access)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly SocketTransportFactory _sockets = new(sockets, loggers);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        access.Value.Keys.Count > 0 || ListeningAddresses.IsLoopback(endpoint) ? _sockets.BindAsync(endpoint, cancellationToken) : throw ListeningAddresses.Refusal(endpoint.ToString() ?? "The address");

    public bool CanBind(EndPoint endpoint) => _sockets.CanBind(endpoint);
}
