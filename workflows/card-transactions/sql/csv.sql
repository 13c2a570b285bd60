SELECT
    nome_associado, sobrenome_associado, idade_associado, vlr_transacao_movimento, des_transacao_movimento, data_movimento, numero_cartao, nome_impresso_cartao,
    data_criacao_cartao, tipo_conta, data_criacao_conta
FROM flat
ORDER BY data_movimento, numero_cartao, vlr_transacao_movimento, des_transacao_movimento
